import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newId } from '#lib/ids';
import { Problem } from '#core/problem';
import { raiseAlarm } from '#store/alarms';
import { seedEnvelope } from './seed-envelope.ts';
import { seed, type Seeded } from './seed.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const HOSTILE = `<script>alert(1)</script>"'&<img src=x onerror=alert(2)>`;
const page = async (path: string, cookie: string) => (await world.ask(path, { cookie })).text();

async function emptyTenant() {
  const tenant = newId('ten');
  await world.db.insertInto('tenants').values({ id: tenant, name: 'Empty', created_at: 0 }).execute();
  return { tenant, cookie: await world.signIn(tenant) };
}

describe('the front door', () => {
  test('asks a stranger to sign in and says how', async () => {
    const text = await page('/', '');
    expect(text).toMatch(/(npm run countersign --|node dist\/src\/main\.js) link</);
  });

  test('offers a first operator to install, with the steps of the sandbox', async () => {
    const text = await page('/', await world.signIn(null));
    expect(text).toContain('href="/install/hubspot"');
    expect(text).not.toContain('href="/install/docusign"');
    expect(text).toContain('HubSpot deal board');
  });

  test('leads an operator with one tenant to it, and lets one with several choose', async () => {
    const operator = await world.signIn(null);
    const { tenant } = await seed(world, 'Juniper');
    expect((await world.ask('/', { cookie: operator })).headers.get('location')).toBe(`/t/${tenant}`);
    await seed(world, 'Quillback');
    const text = await page('/', operator);
    expect(text).toContain('Juniper');
    expect(text).toContain('Quillback');
    expect(await page('/?q=quill', operator)).not.toContain('>Juniper<');
  });

  test('tells an operator with several tenants what is wrong with the server, and nothing of one tenant’s', async () => {
    const [{ tenant }, { tenant: other }] = [await seed(world, 'Juniper'), await seed(world, 'Quillback')];
    const now = world.clock.now();
    await raiseAlarm(world.db, { code: 'clock-jumped', subject: 'server', tenant: null, say: 'The clock jumped.' }, now);
    await raiseAlarm(world.db, { code: 'dead-letters', subject: tenant, tenant, say: 'Something of Juniper waits.' }, now);
    const text = await page('/', await world.signIn(null));
    expect(text).toContain('The clock jumped.');
    expect(text).not.toContain('Something of Juniper waits.');
    expect(await page(`/t/${other}`, await world.signIn(other))).not.toContain('The clock jumped.');
  });
});

describe('every page', () => {
  test('has a content security policy without inline code, and nothing of another host', async () => {
    const { tenant, ids } = await seed(world, 'Juniper');
    const cookie = await world.signIn(tenant);
    for (const path of ['/', `/t/${tenant}`, `/t/${tenant}/envelopes/${ids.envelope}`, `/t/${tenant}/nope`, '/enter/x', '/assets/console.css']) {
      const answer = await world.ask(path, { cookie });
      const policy = answer.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
      expect(answer.headers.get('referrer-policy')).toBe('same-origin');
    }
    const text = await page(`/t/${tenant}/envelopes/${ids.envelope}`, cookie);
    expect(text).not.toMatch(/<style|style="|<script>|\son[a-z]+="/);
    expect([...text.matchAll(/(?:src|href)="(https?:[^"]*)"/g)]).toEqual([]);
  });

  test('is never cached, while its assets are kept for ever by version', async () => {
    const { tenant } = await seed(world, 'Juniper');
    const answer = await world.ask(`/t/${tenant}`, { cookie: await world.signIn(tenant) });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const href = /href="(\/assets\/console\.css[^"]*)"/.exec(await answer.text())?.[1] ?? '';
    expect((await world.ask(href)).headers.get('cache-control')).toContain('immutable');
    expect((await world.ask('/assets/htmx.js')).headers.get('content-type')).toContain('javascript');
  });

  test('that does not exist is a plain 404, as JSON where JSON was asked for', async () => {
    const { tenant } = await seed(world, 'Juniper');
    const cookie = await world.signIn(tenant);
    const answer = await world.ask(`/t/${tenant}/nope`, { cookie });
    expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining('There is nothing at this address')]);
    const json = await world.ask(`/t/${tenant}/nope?format=json`, { cookie });
    expect(await json.json()).toMatchObject({ error: { code: 'request.not-found' } });
  });

  test('that fails says why and what to do, and keeps the private cause private', async () => {
    const { tenant, ids } = await seed(world, 'Juniper');
    const cookie = await world.signIn(tenant);
    world.desk.fails = new Problem('envelope.final', { facts: { status: 'completed' } });
    const known = await world.ask(`/t/${tenant}/envelopes/${ids.envelope}/remind`, { cookie, method: 'POST' });
    expect([known.status, await known.text()]).toEqual([409, expect.stringContaining('envelope.final')]);
    world.desk.fails = new Problem('internal.bug', { cause: new Error('the private cause') });
    const bug = await world.ask(`/t/${tenant}/envelopes/${ids.envelope}/remind`, { cookie, method: 'POST' });
    expect(bug.status).toBe(500);
    expect(await bug.text()).not.toContain('the private cause');
  });
});

describe('texts from elsewhere', () => {
  test('are shown as they are and never run', async () => {
    const { tenant, crm, sign, envelopes } = await seed(world, HOSTILE);
    const cookie = await world.signIn(tenant);
    const [first] = envelopes;
    const paths = [
      '',
      '/envelopes',
      `/envelopes/${first}`,
      '/installs',
      '/outbox',
      '/inbox',
      '/ledger',
      '/mappings/dry-run',
      `/envelopes?q=${encodeURIComponent(HOSTILE)}`,
      '?said=%3Cscript%3E',
    ];
    for (const path of paths) {
      const text = await page(`/t/${tenant}${path}`, cookie);
      expect(text).not.toContain('<script>alert');
      expect(text).not.toContain('<img src=x');
      expect(text).not.toContain('<trial>');
    }
    expect(await page(`/t/${tenant}/envelopes`, cookie)).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect([crm, sign]).toHaveLength(2);
  });

  test('do not become formulas in an export', async () => {
    const seeded = await seed(world, 'Juniper');
    const mappings = { send: newId('map'), writeback: newId('map'), journey: newId('map') };
    await seedEnvelope(world, { ...seeded, mappings, deal: '=HYPERLINK("https://evil.example","x")', status: 'sent', recipients: ['sent'], at: world.clock.now() + 1 });
    const answer = await world.ask(`/t/${seeded.tenant}/envelopes?format=csv`, { cookie: await world.signIn(seeded.tenant) });
    expect(answer.headers.get('content-type')).toContain('text/csv');
    expect(await answer.text()).toContain(`"'=HYPERLINK(""https://evil.example"",""x"")"`);
  });
});

describe('lists', () => {
  test.each([
    ['', 'First steps'],
    ['/installs', 'Connect a CRM first'],
    ['/envelopes', 'No envelope yet'],
    ['/inbox', 'Nothing was told yet'],
    ['/outbox', 'Nothing to do yet'],
    ['/mappings', 'Write the first version'],
    ['/ledger', 'Nobody did anything yet'],
  ])('%s of an empty tenant says what to do next', async (path, words) => {
    const { tenant, cookie } = await emptyTenant();
    expect(await page(`/t/${tenant}${path}`, cookie)).toContain(words);
  });

  test('that find nothing lead back to all', async () => {
    const { tenant } = await seed(world, 'Juniper');
    expect(await page(`/t/${tenant}/envelopes?q=zzz`, await world.signIn(tenant))).toContain('Show all envelopes');
  });

  test.each(['envelopes', 'inbox', 'outbox', 'ledger'])('%s: pages hold every row once, newest first', async (list) => {
    const { tenant } = await seed(world, 'Juniper');
    const cookie = await world.signIn(tenant);
    type Listed = { items: { id: string; seq?: number }[]; next: string | null };
    const read = async (query: string) => (await world.ask(`/t/${tenant}/${list}?format=json&${query}`, { cookie })).json() as Promise<Listed>;
    const whole = (await read('limit=200')).items.map((item) => item.id);
    const paged: string[] = [];
    let next: string | null = '';
    while (next !== null) {
      const part: Listed = await read(`limit=2&after=${next}`);
      expect(part.items.length).toBeLessThanOrEqual(2);
      paged.push(...part.items.map((item) => item.id));
      next = part.next;
    }
    expect(paged).toEqual(whole);
    expect(new Set(paged).size).toBe(paged.length);
    expect(paged.length).toBeGreaterThan(2);
  });

  test('envelopes are found by part of a name, by whole ids and by status', async () => {
    const seeded = await seed(world, 'Juniper');
    const cookie = await world.signIn(seeded.tenant);
    const count = async (query: string) =>
      ((await (await world.ask(`/t/${seeded.tenant}/envelopes?format=json&${query}`, { cookie })).json()) as { items: unknown[] }).items.length;
    expect(await count('q=LAKESIDE')).toBe(1);
    expect(await count(`q=${seeded.envelopes[0]}`)).toBe(1);
    expect(await count(`q=${seeded.correlation}`)).toBe(1);
    expect(await count('q=%25')).toBe(0);
    expect(await count('status=declined')).toBe(1);
    expect(await count('status=declined&q=lakeside')).toBe(0);
    expect(await count('status=nonsense')).toBe(seeded.envelopes.length);
  });
});

describe('an envelope', () => {
  let seeded: Seeded;
  let cookie: string;
  beforeEach(async () => {
    seeded = await seed(world, 'Juniper');
    cookie = await world.signIn(seeded.tenant);
  });
  const path = () => `/t/${seeded.tenant}/envelopes/${seeded.ids.envelope}`;

  test('shows its people, and tells its story in order with the why', async () => {
    const text = await page(path(), cookie);
    expect(text).toContain('Amara Okafor');
    const story = [
      'A person moved the deal to “Contract sent” in HubSpot',
      'Make the envelope at DocuSign and send it',
      'DocuSign could not do it yet',
      'DocuSign made and sent the envelope',
      'HubSpot refused',
    ];
    const places = story.map((title) => text.indexOf(title));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(text).toContain('Rule contract-sent: the deal reached “Contract sent”');
    expect(text).toContain('noted, changed nothing');
  });

  test('shows nobody’s name once the person is erased', async () => {
    await world.db.updateTable('persons').set({ key: null, email_hash: null }).execute();
    await world.db.updateTable('recipients').set({ personal: null }).execute();
    const text = await page(path(), cookie);
    expect(text).not.toContain('Amara');
    expect(text).toContain('Erased');
  });

  test('refreshes in place only when something changed, and not at all once all is over', async () => {
    const live = /hx-get="([^"]+)"/.exec(await page(path(), cookie))?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect((await world.ask(live, { cookie })).status).toBe(204);
    await world.db.updateTable('envelopes').set({ status: 'completed' }).where('tenant', '=', seeded.tenant).execute();
    await world.db.updateTable('outbox').set({ state: 'done' }).where('tenant', '=', seeded.tenant).execute();
    const part = await world.ask(live, { cookie });
    const text = await part.text();
    expect([part.status, text]).toEqual([200, expect.stringContaining('Completed')]);
    expect(text).not.toContain('<html');
    expect(text).not.toContain('hx-get');
  });

  test('is voided with a reason, and not without', async () => {
    expect((await world.ask(`${path()}/void`, { cookie, form: { reason: '  ' } })).status).toBe(400);
    expect(world.desk.calls).toEqual([]);
    expect((await world.ask(`${path()}/void`, { cookie, form: { reason: 'The price changed.' } })).status).toBe(303);
    expect(world.desk.calls).toEqual([['void', seeded.tenant, seeded.ids.envelope, 'The price changed.', 'account admin']]);
  });

  test('a story without an envelope has a page too', async () => {
    expect(await page(`/t/${seeded.tenant}/stories/${seeded.blocked}`, cookie)).toContain('the contact with the label Signer has no e-mail address');
  });
});
