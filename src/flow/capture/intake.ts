import type { CapturePage } from '#core/capture';
import { nameDeal } from '#core/capture';
import type { Answers } from '#core/capture-answers';
import { parseCapturePage } from '#core/capture-parse';
import { captureKey } from '#core/decide/capture';
import type { EffectData } from '#core/effect';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { Crm, Lead } from '#ports/crm';
import { getCaptureVersion } from '#store/capture-pages';
import { openPost, settlePost } from '#store/capture-posts';
import { keepTouches } from '#store/touches';
import type { OutboxEffect } from '#store/outbox';
import type { Flow } from '#flow/flow';
import { dataOf, failed, type Outcome } from '#flow/perform/outcome';

type Intake = Pick<Required<Crm>, 'intake'>;

/** Brings people who filled in forms into the CRM. One after the other: two posts of one address at once must find one contact. */
export async function takeIn(flow: Flow, crm: Intake, call: Call, effects: readonly OutboxEffect[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const effect of effects) outcomes.push(await takeOne(flow, crm, call, effect).catch((error: unknown) => failed(effect, error)));
  return outcomes;
}

async function takeOne(flow: Flow, crm: Intake, call: Call, effect: OutboxEffect): Promise<Outcome> {
  const { post: id, person } = dataOf<EffectData['contact.intake']>(effect);
  const { post, answers } = await openPost(flow.db, flow.sealer, effect.tenant, id);
  if (!answers) return { effect, result: { done: true, remote: null, cancelled: true }, asked: null, detail: { note: 'The person was erased before the CRM heard of them.' } };
  const { text } = await getCaptureVersion(flow.db, effect.tenant, post.slug, post.version);
  const parsed = parseCapturePage(text);
  if (!parsed.ok) throw new Problem('internal.bug', { say: `The page "${post.slug}" can no longer be read.` });
  const { page } = parsed;
  const asked = { post: id, page: post.slug, version: post.version };
  try {
    const found = await crm.intake(call, leadOf(page, id, answers));
    const now = flow.clock.now();
    await flow.db.transaction().execute(async (tx) => {
      await keepTouches(tx, effect.tenant, { install: effect.install, contact: found.contact, person }, now);
      await settlePost(tx, effect.tenant, id, found, now);
    });
    const sign = page.then === 'thanks' ? null : page.then.sign.rule;
    const data = { person, install: effect.install, contact: found.contact, deal: found.deal, post: id, page: post.slug, sign };
    const said = found.created ? 'The contact was made.' : 'The contact was there already; what it had stays as it was.';
    const refused = found.left.length > 0 ? ` The CRM refused ${found.left.join(', ')}.` : '';
    // Anybody may type anybody's address, and a document tells what the CRM knows: whoever it knew before gets theirs by mail.
    const embedded = found.created ? { embedded: answers.email } : {};
    const personal = sign === null ? {} : { personal: { request: { key: captureKey(id), rule: sign, ...embedded, by: `capture page ${post.slug}` } } };
    return { effect, result: { done: true, remote: found.contact }, asked, detail: { note: `${said}${refused}` }, facts: [{ type: 'person.linked', at: now, data, ...personal }] };
  } catch (error) {
    return failed(effect, error, asked);
  }
}

function leadOf(page: CapturePage, key: string, { name, email, company, phone, more }: Answers): Lead {
  const { deal } = page.crm;
  const fields = Object.fromEntries(page.fields.more.flatMap(({ id, writes }) => (more[id] ? [[writes, more[id]]] : [])));
  return { key, email, name, company, phone, fields, deal: deal ? { ...deal, name: nameDeal(deal.name, { name: name || email.split('@')[0] || '', company }) } : null };
}
