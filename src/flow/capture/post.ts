import { canonicalJson } from '#lib/json';
import { sha256 } from '#lib/hmac';
import { newId } from '#lib/ids';
import { readAnswers, TRAP, type AnswerFault, type Answers } from '#core/capture-answers';
import { carriedTouches } from '#core/capture-touch';
import type { ConsentType, LegalBasis } from '#core/consent';
import type { ConsentGiven, Fact } from '#core/fact';
import type { CaptureId, PersonId } from '#core/ids';
import { readTouches, type Touchpoint } from '#core/touch';
import { putPost } from '#store/capture-posts';
import type { ConsentText } from '#store/consent-texts';
import { putOwnNotice } from '#store/inbox';
import { ensurePerson } from '#store/people';
import { recordTouches } from '#store/touches';
import type { FormToken } from '#flow/capture/token';
import { textsOf, type ShownPage } from '#flow/capture/shown';
import { putReport } from '#flow/desk/consents';
import type { Flow } from '#flow/flow';
import { accountsOf } from '#flow/rule-book';

/** No person fills in a form as fast as this. */
export const LEAST_MS = 2_000;

export interface Posted {
  form: Readonly<Record<string, string>>;
  token: FormToken;
  ip: string | null;
  userAgent: string | null;
}
export type PostResult = { ok: true; post: CaptureId; first: boolean } | { ok: false; faults: AnswerFault[]; answers: Answers };

const BASIS: Record<ConsentType, LegalBasis> = {
  contract: 'contract',
  terms: 'contract',
  'privacy-notice': 'legal-obligation',
  'electronic-records': 'consent',
  marketing: 'consent',
};

/** Takes what a visitor posted, whole or not at all: consent, touchpoints and the lead enter in one transaction, and the same post again is the same. @throws Problem `install.absent` */
export async function takePost(flow: Flow, shown: ShownPage, { form, token, ip, userAgent }: Posted): Promise<PostResult> {
  const now = flow.clock.now();
  const { answers, faults } = readAnswers(shown.page, form);
  if (faults.length === 0 && now - token.at < LEAST_MS) faults.push({ field: TRAP, why: 'too-fast' });
  if (faults.length > 0) return { ok: false, faults, answers };
  const texts = await textsOf(flow, shown.tenant, token.texts);
  // Of what was said too: whoever goes back to correct an address has posted something else.
  const post: CaptureId = `cap_${sha256(`${token.nonce}|${canonicalJson(answers)}`).slice(0, 26)}`;
  const acts = actsOf(shown, token, texts, answers, now);
  const identity = { name: answers.name || null, email: answers.email, method: 'capture-page', ip, userAgent };
  const by = `capture page ${shown.slug}`;
  const touches = touchesOf(form, token, now);
  const first = await flow.db.transaction().execute(async (tx) => {
    const { tenant, slug, version } = shown;
    const { crm } = await accountsOf(flow, tx, tenant, { vendor: shown.page.crm.vendor });
    const person = await ensurePerson(tx, flow.sealer, tenant, answers.email);
    const story = await reportActs();
    if (!(await putPost(tx, flow.sealer, tenant, { id: post, slug, version, locale: token.locale, person, answers, install: crm.id, correlation: story }, now))) return false;
    await recordTouches(tx, tenant, person.id, touches, 'capture', now);
    const fact: Fact = { type: 'lead.captured', at: now, data: leadData(person.id) };
    await putOwnNotice(tx, tenant, { install: crm.id, key: `lead|${post}`, kind: fact.type, at: now, correlation: story, facts: [fact] }, now);
    return true;

    async function reportActs() {
      if (acts.length === 0) return newId('cor', now);
      return (await putReport(flow, tx, tenant, { key: post, email: answers.email, acts, identity }, by)).correlation;
    }
  });
  flow.wake.inbox();
  return { ok: true, post, first };

  function leadData(person: PersonId) {
    return { post, person, page: shown.slug, version: shown.version };
  }
}

/** What the boxes say. One left empty says nothing, unless the page keeps refusals. */
function actsOf({ slug, version, page }: ShownPage, token: FormToken, texts: readonly ConsentText[], { ticked }: Answers, now: number): ConsentGiven[] {
  return page.consents.flatMap(({ text: name, recordDeclined }, place): ConsentGiven[] => {
    const text = texts[place];
    const granted = ticked.includes(name);
    if (!text || (!granted && !recordDeclined)) return [];
    const { type, purpose, channel, id, hash, locale } = text;
    return [
      {
        type,
        purpose,
        channel,
        status: granted ? 'granted' : 'declined',
        text: { id, name: text.name, version: text.version, hash },
        locale,
        jurisdiction: text.jurisdiction ?? page.jurisdictions[token.locale] ?? null,
        basis: BASIS[type],
        capturedAt: now,
        expiresAt: null,
        how: 'capture',
        source: `page ${slug}`,
        envelope: null,
        documentHash: null,
        evidence: { page: slug, pageVersion: version, rendering: token.rendering, shownAt: new Date(token.at).toISOString(), method: 'capture-page' },
        evidenceUri: null,
      },
    ];
  });
}

/** How the visitor came: as the page's own address said, and as the script on the page around it remembers. One that cannot be read is left out. */
function touchesOf(form: Readonly<Record<string, string>>, token: FormToken, now: number): Touchpoint[] {
  const told = [...carriedTouches(form.touches), ...(token.touch ? [token.touch] : [])];
  return told.flatMap((one) => {
    const read = readTouches([one], now);
    return read.ok ? read.touches : [];
  });
}
