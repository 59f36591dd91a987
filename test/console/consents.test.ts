import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newId } from '#lib/ids';
import { Problem } from '#core/problem';
import { hashWording } from '#core/consent-text';
import { erasePeople } from '#store/people';
import { linkPerson } from '#store/consents';
import { seed, type Seeded } from './seed.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let mine: Seeded;
let cookie: string;
beforeEach(async () => {
  world = await openWorld();
  mine = await seed(world, 'Juniper');
  cookie = await world.signIn(mine.tenant);
});
afterEach(() => world.close());

const at = (path: string) => `/t/${mine.tenant}/consents${path}`;
const page = async (path: string) => (await world.ask(at(path), { cookie })).text();
const TEXT = { name: 'terms', type: 'terms', locale: 'en', title: 'Terms', wording: 'We agree.\r\nYou pay.  \r\n', purpose: '', channel: '', jurisdiction: '', validFrom: '' };
const post = (form: Record<string, string>) => world.ask(at('/texts'), { cookie, form });

describe('the list of acts', () => {
  test('shows who acted by name, and finds a person by address, id, purpose or text, as a whole', async () => {
    const { person } = mine.ids;
    expect(await page('')).toContain('Ada of Juniper');
    for (const q of ['ada@juniper.example.com', 'ADA@juniper.example.com', person, 'newsletter', 'email', mine.ids.consent]) {
      const found = (await (await world.ask(at(`?q=${encodeURIComponent(q)}&format=json`), { cookie })).json()) as { items: unknown[] };
      expect([q, found.items.length]).toEqual([q, 1]);
    }
    for (const query of ['?q=nobody@example.com', '?status=withdrawn', '?type=terms', '?q=Ada']) expect(await page(query)).toContain('No act matches');
  });
  test('names nobody in CSV, and says what was agreed to', async () => {
    const answer = await world.ask(at('?format=csv'), { cookie });
    const text = await answer.text();
    expect(text).toContain(`${mine.ids.consent},1,${mine.ids.person},marketing,newsletter,email,granted,`);
    expect(text).not.toMatch(/Ada|@/);
  });
  test('says what to do first where there is nothing', async () => {
    const tenant = newId('ten');
    await world.db.insertInto('tenants').values({ id: tenant, name: 'Empty', created_at: 0 }).execute();
    const text = await (await world.ask(`/t/${tenant}/consents`, { cookie: await world.signIn(tenant) })).text();
    expect(text).toContain('Nobody has agreed to anything yet');
    expect(text).toContain('Publish a text');
  });
});

describe('a person', () => {
  test('stands with the present state, the history, and who was told of it and when', async () => {
    const text = await page(`/people/${mine.ids.person}`);
    for (const words of ['Ada of Juniper', 'Marketing: newsletter, by email', 'Granted', 'HubSpot', 'Objected there, kept so', 'Objected at Juniper.', 'Late'])
      expect(text).toContain(words);
  });
  test('who was erased has no name any more; the acts stay', async () => {
    await world.db.transaction().execute(async (tx) => {
      await linkPerson(tx, mine.tenant, { install: mine.crm, contact: 'contact-ada', person: mine.ids.person as `per_${string}` }, 0);
      await erasePeople(tx, world.options.sealer, mine.tenant, 'contact-ada', 0);
    });
    for (const path of ['', `/people/${mine.ids.person}`, `/${mine.ids.consent}`]) expect(await page(path)).not.toMatch(/Ada of|ada@/);
    expect(await page(`/people/${mine.ids.person}`)).toContain('A person whose name is not held');
    expect(await page(`/${mine.ids.consent}`)).toContain('Erased');
  });
  test('gives a proof to download, through the desk, which is told who asked', async () => {
    const answer = await world.ask(at(`/people/${mine.ids.person}/proof`), { cookie, method: 'POST' });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/gzip']);
    expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="proof-${mine.ids.person}.tar.gz"`);
    expect(world.desk.calls).toEqual([['exportProof', mine.tenant, mine.ids.person, 'account admin']]);
    expect((await world.ask(at('/people/per_nobody/proof'), { cookie, method: 'POST' })).status).toBe(404);
  });
});

test('a record shows the very words, their hash, and its place in the ledger', async () => {
  const text = await page(`/${mine.ids.consent}`);
  for (const words of ['Juniper may write to me.', hashWording('Juniper may write to me.'), 'Capture page', 'newsletter, en, version 1']) expect(text).toContain(words);
  const json = (await (await world.ask(at(`/${mine.ids.consent}?format=json`), { cookie })).json()) as { record: object };
  expect(json.record).toMatchObject({ id: mine.ids.consent, status: 'granted' });
});

describe('texts', () => {
  test('are listed by their newest version; a version shows what changed since the one before', async () => {
    const texts = (await (await world.ask(at('/texts?format=json'), { cookie })).json()) as { items: { id: string; version: number }[] };
    const [one, two] = texts.items;
    expect([one?.version, two?.version, texts.items.length]).toEqual([1, 2, 2]);
    const text = await page(`/texts/${two?.id ?? ''}`);
    expect(text).toContain('What changed since version 1');
    expect(text).toMatch(/added: <\/span>Juniper may write to me once a month\./);
    expect(await page(`/texts/${one?.id ?? ''}`)).not.toContain('What changed since');
  });
  test('are checked before they are published: hash shown, nothing done', async () => {
    const text = await (await post({ ...TEXT, do: 'check' })).text();
    expect(text).toContain(hashWording('We agree.\nYou pay.'));
    expect(world.desk.calls).toEqual([]);
  });
  test('are published through the desk, with empty fields as not given', async () => {
    const published = { id: 'ctx_new', published_at: world.clock.now() };
    world.desk.publishText = async (...rest) => {
      world.desk.calls.push(['publishText', ...rest]);
      return published as Awaited<ReturnType<typeof world.desk.publishText>>;
    };
    const answer = await post({ ...TEXT, validFrom: '2027-01-01T10:30', do: 'publish' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, at('/texts/ctx_new?said=text-published')]);
    const text = {
      name: 'terms',
      type: 'terms',
      purpose: null,
      channel: null,
      jurisdiction: null,
      validFrom: Date.UTC(2027, 0, 1, 10, 30),
      wording: TEXT.wording,
      title: 'Terms',
      locale: 'en',
    };
    expect(world.desk.calls).toEqual([['publishText', mine.tenant, text, 'account admin']]);
  });
  test.each([
    [{ type: 'marketing' }, 'Marketing needs a purpose.'],
    [{ purpose: 'newsletter' }, 'Only marketing has a purpose.'],
    [{ name: 'Our terms' }, 'small letters, digits and hyphens'],
    [{ wording: '  \r\n' }, 'The wording is missing.'],
    [{ locale: 'English' }, 'language tag'],
    [{ validFrom: 'soon' }, 'Write a time with its offset'],
  ])('with %j are given back with what is wrong beside the field', async (over, say) => {
    const text = await (await post({ ...TEXT, ...over, title: '<b>Terms</b>', do: 'publish' })).text();
    expect(text).toContain(say);
    expect(text).toContain('value="&lt;b&gt;Terms&lt;/b&gt;"');
    expect(world.desk.calls).toEqual([]);
  });
  test('that the desk refuses are given back with the reason', async () => {
    world.desk.publishText = () => Promise.reject(new Problem('request.malformed', { say: '"terms" is about terms already.' }));
    const answer = await post({ ...TEXT, do: 'publish' });
    expect([answer.status >= 400, await answer.text()]).toEqual([true, expect.stringContaining('is about terms already')]);
  });
});
