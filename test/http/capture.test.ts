import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { sha256 } from '#lib/hmac';
import { signForm, type FormToken } from '#flow/capture/token';
import { openPost } from '#store/capture-posts';
import { openIdentity } from '#store/consents';
import { verifyLedger } from '#store/ledger';
import { openWorld, type TestWorld } from '../flow/world.ts';
import { consentsOf, DEFAULTS, reword, savePage, visitorOf } from './capture-stage.ts';

let world: TestWorld;
let visitor: ReturnType<typeof visitorOf>;
beforeAll(async () => {
  world = await openWorld();
  visitor = visitorOf(world);
});
afterAll(() => world.stop());
afterEach(() => world.behave());

const contacts = (email: string) => world.sandbox.hubspot.account.all('contacts').filter(({ properties }) => properties.email === email);
const posts = () => world.db.selectFrom('capture_posts').selectAll().where('tenant', '=', world.tenant).execute();

describe('the form', () => {
  test('shows the whole wording in force, in the language of the visitor, and lets nothing else run in the page', async () => {
    const english = await visitor.open();
    const german = await visitor.open('', { 'accept-language': 'fr;q=0.9, de-AT, en;q=0.1' });
    const asked = await visitor.open('?lang=de', { 'accept-language': 'en' });
    const texts = await world.db.selectFrom('consent_texts').selectAll().where('name', '=', 'newsletter').execute();
    for (const [form, locale] of [
      [english, 'en'],
      [german, 'de'],
      [asked, 'de'],
    ] as const) {
      const text = texts.find((one) => one.locale === locale);
      expect(form.status).toBe(200);
      expect(form.html).toContain(`<html lang="${locale}">`);
      expect(form.html).toContain(text?.hash);
      for (const line of (text?.wording ?? '').split('\n')) expect(form.html).toContain(line.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll("'", '&#39;'));
    }
    const policy = english.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(policy).toContain("frame-ancestors 'self'");
    expect(english.html).not.toMatch(/<script>|<style|\son\w+=|\sstyle=/);
    // No box is ticked beforehand.
    expect(english.html).not.toMatch(/type="checkbox"[^>]*\schecked/);
  });

  test('there is nothing at the address of another tenant, of another page, or of a page that was closed', async () => {
    for (const path of ['/c/ten_nobody/newsletter', `/c/${world.tenant}/nothing`]) expect((await fetch(world.address + path)).status).toBe(404);
    await world.world.desk.capture.show(world.tenant, 'newsletter', { version: 1, open: false }, 'test');
    expect((await visitor.open()).status).toBe(404);
    await world.world.desk.capture.show(world.tenant, 'newsletter', { version: 1, open: true }, 'test');
    expect((await visitor.open()).status).toBe(200);
  });
});

describe('a post', () => {
  test('brings the contact into the CRM, and a consent that names the exact words and their rendering', async () => {
    const form = await visitor.open('?utm_source=spring&utm_campaign=%3Cscript%3Ealert(1)%3C%2Fscript%3E&gclid=abc', {
      referer: 'https://search.example.com/find?q=nora@example.com',
    });
    world.clock.skip(60_000);
    const done = await visitor.post(form, { ...DEFAULTS, 'c-newsletter': 'yes', 'f-job': 'Baker' });
    expect(done.status).toBe(303);
    const thanks = await fetch(new URL(done.location ?? '', world.address));
    expect(thanks.status).toBe(200);
    expect(await thanks.text()).toContain('Thank you');
    await world.settled();

    const [contact, ...more] = contacts(DEFAULTS.email);
    expect(more).toEqual([]);
    expect(contact?.properties).toMatchObject({ firstname: 'Nora', lastname: 'Bakker', company: 'Bakker & Zn', jobtitle: 'Baker' });
    const rows = await consentsOf(world);
    expect(rows.map(({ text_name, status, how, source }) => ({ text_name, status, how, source }))).toEqual([
      { text_name: 'privacy-notice', status: 'granted', how: 'capture', source: 'page newsletter' },
      { text_name: 'newsletter', status: 'granted', how: 'capture', source: 'page newsletter' },
    ]);
    const [row] = rows;
    if (!row) throw new Error('No consent was recorded.');
    const evidence = JSON.parse(row.evidence) as { rendering: string };
    const rendering = await world.db.selectFrom('capture_renderings').selectAll().where('hash', '=', evidence.rendering).executeTakeFirstOrThrow();
    expect(sha256(rendering.html)).toBe(evidence.rendering);
    expect(form.html).toContain(rendering.html);
    expect(rendering.html).toContain(row.text_hash);
    expect(await openIdentity(world.db, world.world.flow.sealer, world.tenant, row)).toMatchObject({
      name: 'Nora Bakker',
      email: DEFAULTS.email,
      method: 'capture-page',
      ip: '127.0.0.1',
    });
    const linked = await world.db
      .selectFrom('person_records')
      .selectAll()
      .where('contact', '=', contact?.id ?? '')
      .executeTakeFirstOrThrow();
    expect(linked.person).toBe(row.person);
    // The ledgers and the effects name nobody.
    const said = JSON.stringify([rows, await world.db.selectFrom('facts').selectAll().execute(), await world.db.selectFrom('outbox').selectAll().execute(), await posts()]);
    expect(said).not.toMatch(/nora|bakker/i);

    const touches = await world.db.selectFrom('touches').selectAll().where('person', '=', row.person).execute();
    expect(touches.map(({ data }) => JSON.parse(data) as object)).toMatchObject([
      { source: 'spring', campaign: '<script>alert(1)</script>', clickIds: { gclid: 'abc' }, referrer: 'https://search.example.com/find' },
    ]);
    // Told once the CRM knew the contact.
    const told = await world.db.selectFrom('outbox').selectAll().where('kind', '=', 'consent.tell').execute();
    const tells = world.world.flow.vendors.get('hubspot')?.connector.consents !== undefined;
    expect(told.map(({ state }) => state)).toEqual(tells ? ['done', 'done'] : []);
  });

  test('an address full of what no campaign is called does not keep anybody from posting', async () => {
    const query = ['utm_source', 'utm_medium', 'utm_campaign', 'utm_id', 'utm_term', 'utm_content'].map((name) => `${name}=${'%01'.repeat(700)}`).join('&');
    expect(await visitor.send({ ...DEFAULTS, email: 'long.link@example.com' }, `?${query}`)).toMatchObject({ status: 303 });
    await world.settled();
  });

  test('posted again is the same, however often, and another answer is another post', async () => {
    const before = (await posts()).length;
    const form = await visitor.open();
    world.clock.skip(60_000);
    const fields = { ...DEFAULTS, email: 'again@example.com' };
    const all = await Promise.all([1, 2, 3, 4].map(() => visitor.post(form, fields)));
    expect(new Set(all.map(({ location }) => location)).size).toBe(1);
    await world.settled();
    expect((await posts()).length).toBe(before + 1);
    expect(contacts('again@example.com')).toHaveLength(1);
    expect(await visitor.post(form, { ...fields, 'c-newsletter': 'yes' })).toMatchObject({ status: 303 });
    await world.settled();
    expect((await posts()).length).toBe(before + 2);
    expect(contacts('again@example.com')).toHaveLength(1);
  });

  test('a box left empty is a refusal where the page keeps refusals', async () => {
    await visitor.send({ ...DEFAULTS, email: 'no@example.com' });
    await world.settled();
    const rows = (await consentsOf(world)).slice(-2);
    expect(rows.map(({ text_name, status }) => [text_name, status])).toEqual([
      ['privacy-notice', 'granted'],
      ['newsletter', 'declined'],
    ]);
  });

  test('a known contact keeps what it has: anybody may type anybody’s address', async () => {
    const [known] = world.sandbox.hubspot.account.all('contacts').filter(({ properties }) => properties.firstname && properties.email);
    const { email, firstname } = known?.properties ?? {};
    if (!known || !email || !firstname) throw new Error('The sandbox has people.');
    await visitor.send({ ...DEFAULTS, name: 'Somebody Else', email: email.toUpperCase() });
    await world.settled();
    expect(world.sandbox.hubspot.contact(known.id)?.properties.firstname).toBe(firstname);
    expect(contacts(email)).toHaveLength(1);
  });

  test('an erased person is gone from the posts too, and the ledgers stay whole', async () => {
    const email = 'erase.me@example.com';
    await visitor.send({ ...DEFAULTS, email });
    await world.settled();
    const [contact] = contacts(email);
    const post = await world.db
      .selectFrom('capture_posts')
      .selectAll()
      .where('contact', '=', contact?.id ?? '')
      .executeTakeFirstOrThrow();
    expect((await openPost(world.db, world.world.flow.sealer, world.tenant, post.id)).answers?.email).toBe(email);
    world.sandbox.hubspot.eraseContact(contact?.id ?? '');
    await world.until('the erasure', async () => (await openPost(world.db, world.world.flow.sealer, world.tenant, post.id)).answers === null);
    await world.settled();
    expect(await verifyLedger(world.db, world.tenant, 'consents')).toMatchObject({ ok: true });
  });

  test('a lost reply makes one contact and one deal', async () => {
    await savePage(world, (text) => text.replace('crm: {}', 'crm: { deal: { pipeline: Sales pipeline, stage: Qualified, name: "Inquiry of {company}" } }'));
    const email = 'lost.reply@example.com';
    for (const round of [1, 2]) {
      world.misbehave({ lostReply: 0.15 });
      await visitor.send({ ...DEFAULTS, email, company: `Lost ${round}` });
      await world.settled();
      world.behave();
    }
    const [contact, ...more] = contacts(email);
    expect(more).toEqual([]);
    const deals = world.sandbox.hubspot.account.dealsOf('contacts', contact?.id ?? '');
    expect(deals.map(({ properties }) => properties.dealname).sort()).toEqual(['Inquiry of Lost 1', 'Inquiry of Lost 2']);
  });
});

describe('what is wrong', () => {
  test('is said all at once, with what was written kept, and nothing enters', async () => {
    const before = await consentsOf(world);
    const answer = await visitor.send({ name: '', email: 'nora"><script>@', company: 'Bakker <b>&</b> Zn' });
    expect(answer.status).toBe(422);
    for (const id of ['name', 'email', 'c-privacy-notice']) expect(answer.html).toContain(`href="#${id}"`);
    expect(answer.html).toContain('Bakker &lt;b&gt;&amp;&lt;/b&gt; Zn');
    expect(answer.html).not.toContain('<script>@');
    expect(await consentsOf(world)).toEqual(before);
  });

  test('words that were changed meanwhile: whoever saw the old ones agreed to the old ones', async () => {
    const form = await visitor.open();
    world.clock.skip(60_000);
    const fresh = await reword(world, 'newsletter', 'en', 'Quite other words about the same letters.');
    expect(await visitor.post(form, { ...DEFAULTS, email: 'between@example.com', 'c-newsletter': 'yes' })).toMatchObject({ status: 303 });
    await world.settled();
    expect((await consentsOf(world)).at(-1)).toMatchObject({ text_name: 'newsletter', text_version: fresh.version - 1, status: 'granted' });
    expect((await visitor.open()).html).toContain('Quite other words');
  });

  test('a form that is a day old, of another page, or changed on the way is shown again with what was written, and unticked', async () => {
    const form = await visitor.open();
    const [body = '', mac = ''] = form.token.split('.');
    const changed = JSON.parse(Buffer.from(body, 'base64url').toString()) as { version: number };
    const forged = `${Buffer.from(JSON.stringify({ ...changed, version: 1 })).toString('base64url')}.${mac}x`;
    for (const token of [forged, '', 'a.b', 'x'.repeat(70_000)]) {
      const answer = await visitor.post({ ...form, token }, { ...DEFAULTS, name: 'Kept Name' });
      expect(answer.status).toBe(422);
      expect(answer.html).toContain('Kept Name');
    }
    world.clock.skip(24 * 3_600_000);
    const late = await visitor.post(form, { ...DEFAULTS, name: 'Kept Name' });
    expect(late.status).toBe(422);
    expect(late.html).toContain('Kept Name');
    expect(late.html).not.toMatch(/type="checkbox"[^>]*\schecked/);
  });

  test('programs: the trap, and haste no person has', async () => {
    const before = (await posts()).length;
    const trapped = await visitor.send({ ...DEFAULTS, website_url: 'https://spam.example.com' });
    expect(trapped.status).toBe(422);
    const form = await visitor.open();
    const [body = ''] = form.token.split('.');
    // As if it had been opened a moment ago: time hurries in this world.
    const token = { ...(JSON.parse(Buffer.from(body, 'base64url').toString()) as FormToken), at: world.clock.now() + 60_000 };
    const hasty = await visitor.post({ ...form, token: signForm(world.world.flow.sealer, token) }, { ...DEFAULTS, email: 'hasty@example.com' });
    expect(hasty.status).toBe(422);
    expect(hasty.html).toContain('very fast');
    expect((await posts()).length).toBe(before);
  });

  test('too many posts from one address are told to wait, and lose nothing of what they wrote', async () => {
    let answer = await visitor.send({ ...DEFAULTS, email: 'flood@example.com' });
    const form = await visitor.open();
    world.clock.skip(60_000);
    for (let round = 0; round < 40 && answer.status !== 429; round++) answer = await visitor.post(form, { ...DEFAULTS, name: 'Flo Od', email: 'flood@example.com' });
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(answer.html).toContain('Flo Od');
    world.clock.skip(11 * 60_000);
    expect((await visitor.send({ ...DEFAULTS, email: 'flood@example.com' })).status).toBe(303);
    await world.settled();
  });
});
