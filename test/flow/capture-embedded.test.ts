import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WAITING_MS } from '#flow/capture/waiting';
import { createVisitor } from '#src/cli/visitor';
import { DEFAULTS, savePage, visitorOf } from '../http/capture-stage.ts';
import { openWorld, type TestWorld } from './world.ts';

const DEAL = 'crm: { deal: { pipeline: Sales pipeline, stage: Qualified, name: "Inquiry of {company}" } }';
let world: TestWorld;
beforeAll(async () => {
  world = await openWorld();
  await savePage(world, (page) => page.replace('crm: {}', DEAL).replace('then: thanks', 'then: { sign: { rule: nda } }'));
});
afterAll(() => world.stop());

let people = 0;
let companies = 0;
const newcomer = () => `visitor.${++people}@example.com`;
const mailsTo = (email: string) => world.sandbox.mailbox.list().filter(({ to }) => to === email).length;
const remoteOf = (email: string) => {
  const found = world.sandbox.docusign.envelopes().filter(({ recipients }) => recipients.some((one) => one.email === email));
  if (found.length !== 1 || !found[0]) throw new Error(`There are ${found.length} envelopes.`);
  return found[0];
};
const text = async (address: string) => (await fetch(address)).text();
async function sentTo(address: string, form?: Record<string, string>) {
  const answer = await fetch(address, { redirect: 'manual', ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}) });
  return { status: answer.status, to: answer.headers.get('location') ?? '', html: await answer.text() };
}

/** Fills in the form and waits until the document is out. */
async function posted(email = newcomer(), name = 'Vera Kowalski') {
  const { status, location } = await visitorOf(world).send({ ...DEFAULTS, email, name, company: `Company ${++companies}` });
  expect(status).toBe(303);
  await world.settled();
  const done = new URL(location ?? '', world.address).href;
  return { email, done, sign: done.replace('/done/', '/sign/'), post: /cap_\w+/.exec(done)?.[0] ?? '' };
}
const dealOf = async (post: string) =>
  (
    await world.db
      .selectFrom('capture_posts')
      .select('deal')
      .where('id', '=', post as 'cap_')
      .executeTakeFirstOrThrow()
  ).deal ?? '';
const says = async (post: string) => world.sandbox.hubspot.deal(await dealOf(post))?.properties['esign_status'];

describe('from the form straight to the signature', () => {
  test('a newcomer reads, signs and comes back, and the CRM knows', async () => {
    const { email, done, sign, post } = await posted();
    expect(await text(done)).toContain('Read and sign now');
    expect([remoteOf(email).status, mailsTo(email)]).toEqual(['sent', 0]);
    const visitor = createVisitor();
    const page = await visitor.open(sign);
    expect(page.html).toContain('Your decision');
    const back = await visitor.submit(page, '/sign', { name: 'Vera Kowalski', agree: 'yes' });
    expect(back.url).toContain('hint=done');
    expect(back.html).toMatch(/being confirmed|You have signed/);
    await world.settled();
    expect(await text(done)).toContain('You have signed the document.');
    expect(await says(post)).toBe('completed');
    expect(await sentTo(sign)).toMatchObject({ status: 303, to: new URL(done).pathname + new URL(done).search });
  });

  test('nothing that lasts names them but what is sealed, and the key to the document is nowhere', async () => {
    const { email, done } = await posted();
    const kept = await Promise.all(
      (['facts', 'receipts', 'audit', 'outbox', 'inbox', 'recipients', 'capture_posts'] as const).map((table) => world.db.selectFrom(table).selectAll().execute()),
    );
    const all = JSON.stringify(kept) + world.logs.join('');
    const words = [email, 'Kowalski', new URL(done).searchParams.get('key') ?? ''];
    expect(words.filter((word) => all.includes(word))).toEqual([]);
  });

  test('each click is another address, and one that was used up leads back to the page', async () => {
    const { sign, email } = await posted();
    const [one, two] = [await sentTo(sign), await sentTo(sign)];
    expect([one.status, two.status]).toEqual([303, 303]);
    expect(one.to).not.toBe(two.to);
    expect((await sentTo(one.to)).to).toContain('/session/');
    const visitor = createVisitor();
    expect((await visitor.open(one.to)).html).toContain('not signed yet');
    const open = await visitor.open(sign);
    const later = await visitor.submit(open, '/later', {});
    expect(later.html).toContain('Read and sign now');
    expect(remoteOf(email).recipients[0]?.status).not.toBe('completed');
  });

  test('whoever comes back is believed in nothing: the status is the provider’s', async () => {
    const { done, post } = await posted();
    const back = await text(`${done.replace('/done/', '/back/')}&event=signing_complete`);
    expect(back).toContain('being confirmed');
    expect(back).not.toContain('You have signed');
    await world.settled();
    expect(await says(post)).toBe('sent');
  });

  test('a refusal is said, and told to the CRM', async () => {
    const { done, sign, post } = await posted();
    const visitor = createVisitor();
    await visitor.submit(await visitor.open(sign), '/decline', { reason: 'Not now.' });
    await world.settled();
    expect(await text(done)).toContain('You have declined');
    expect(await says(post)).toBe('declined');
  });
});

describe('who may sign', () => {
  test('is whoever posted the form: without the key of this very post there is no address, and no call', async () => {
    const [mine, other] = [await posted(), await posted()];
    const asked = () => JSON.stringify(world.sandbox.docusign.calls());
    const before = asked();
    const bare = mine.sign.split('?')[0] ?? '';
    const key = new URL(mine.sign).searchParams.get('key') ?? '';
    const [until = '', mac = ''] = key.split('.');
    const keys = ['', new URL(other.sign).searchParams.get('key') ?? '', `${Number(until) + 1}.${mac}`, `${until}.${mac.slice(0, -2)}`, `${until}.${mac}.x`, '.', 'x'.repeat(5000)];
    for (const wrong of keys) expect((await sentTo(`${bare}?key=${encodeURIComponent(wrong)}`)).status).toBe(404);
    expect((await sentTo(mine.sign.replace(world.tenant, 'ten_another'))).status).toBe(404);
    expect((await sentTo(mine.sign.replace('/newsletter/', '/another/'))).status).toBe(404);
    expect((await sentTo(`${bare.replace(mine.post, other.post)}?key=${encodeURIComponent(key)}`)).status).toBe(404);
    expect(asked()).toBe(before);
    const seen = await text(mine.done.split('?')[0] ?? '');
    expect(seen).toContain('this address does not lead to it');
    expect(seen).not.toContain('/sign/');
  });

  test('is nobody the CRM knew before: theirs goes by mail, for anybody may type anybody’s address', async () => {
    const known = await posted();
    const stranger = await posted(known.email, 'Somebody Else');
    expect(mailsTo(known.email)).toBe(1);
    const page = await text(stranger.done);
    expect(page).toContain('on its way to your mailbox');
    expect(page).not.toContain('/sign/');
    expect((await sentTo(stranger.sign)).to).toContain('/done/');
  });

  test('is whoever has the mail where the provider makes no address to sign at', async () => {
    const sign = world.world.flow.vendors.get('docusign')?.connector.sign;
    if (!sign?.view) throw new Error('The provider has the slot.');
    const { view } = sign;
    delete sign.view;
    const { email, done } = await posted().finally(() => Object.assign(sign, { view }));
    expect(mailsTo(email)).toBe(1);
    expect(await text(done)).toContain('on its way to your mailbox');
  });

  test('is nobody any more when the document was voided, heard of or not', async () => {
    const { email, done, sign } = await posted();
    world.misbehave({ drop: 1 });
    world.sandbox.docusign.voidBySender(remoteOf(email).envelopeId, 'Wrong document.');
    expect(await text(new URL((await sentTo(sign)).to, world.address).href)).toContain('could not be opened');
    world.behave();
    const second = await posted();
    world.sandbox.docusign.voidBySender(remoteOf(second.email).envelopeId, 'Wrong document.');
    await world.settled();
    expect(await text(second.done)).toContain('can no longer be signed');
    expect((await sentTo(second.sign)).to).toContain('/done/');
    expect(await text(done)).toContain('Read and sign now');
  });

  test('hears when the provider does not answer, and may try again', async () => {
    const { sign } = await posted();
    world.misbehave({ unavailable: 1 });
    expect(await text(new URL((await sentTo(sign)).to, world.address).href)).toContain('does not answer');
    world.behave();
    expect((await sentTo(sign)).to).toContain('/view/');
  });

  test('is stopped who asks for addresses without end', async () => {
    const { sign } = await posted();
    const answers = [];
    for (let time = 0; time < 14; time++) answers.push(await sentTo(sign));
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(12);
    expect(answers.at(-1)).toMatchObject({ status: 429, html: expect.stringContaining('very often') as string });
  });

  test('is nobody a week later', async () => {
    const { done, sign } = await posted();
    world.clock.skip(WAITING_MS);
    expect((await sentTo(sign)).status).toBe(404);
    expect(await text(done)).toContain('does not lead to it');
  });
});
