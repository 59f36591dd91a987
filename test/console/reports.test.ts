import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newId } from '#lib/ids';
import { MODELS } from '#core/attribution-models';
import { REPORT_BY } from '#core/report';
import { seed, type Seeded } from './seed.ts';
import { openWorld, type World } from './world.ts';

const HOSTILE = `<script>alert(1)</script>"'&<img src=x onerror=alert(2)>`;
let world: World;
let seeded: Seeded;
let cookie: string;
beforeEach(async () => {
  world = await openWorld();
  seeded = await seed(world, 'Juniper');
  cookie = await world.signIn(seeded.tenant);
});
afterEach(() => world.close());

const ask = (query: string, of: Seeded = seeded) => world.ask(`/t/${of.tenant}/reports${query}`, { cookie });
interface Listed {
  rows: { key: string; sent: number; viewed: number; signed: number; value: { minor: number; currency: string; amount: string }[] }[];
  total: Listed['rows'][number];
  stops: Record<string, Record<string, number>>;
  basis: { frozen: number; corrections: number; seq: number; hash: string };
}
const read = async (query = '?format=json'): Promise<Listed> => (await ask(query)).json() as Promise<Listed>;

describe('reports', () => {
  test('count what went out, and where it stopped', async () => {
    const { rows, total, stops } = await read();
    expect(rows.map(({ key, sent, signed }) => [key, sent, signed])).toEqual([
      ['google', 2, 1],
      ['newsletter', 2, 0],
      ['trade fair Juniper', 1, 0],
    ]);
    expect([total.sent, total.viewed, total.signed]).toEqual([5, 3, 1]);
    expect(stops).toEqual({
      'not-viewed': { open: 0, declined: 0, ended: 1 },
      'not-signed': { open: 1, declined: 1, ended: 0 },
      'partly-signed': { open: 1, declined: 0, ended: 0 },
    });
  });

  test.each(REPORT_BY.flatMap((by) => MODELS.map((model) => [by, model] as const)))('by %s and model %s: the shares are the ledger’s sum to the cent', async (by, model) => {
    const signed = await world.db.selectFrom('attributions').select('data').where('point', '=', 'signed').execute();
    const whole = signed.reduce((sum, { data }) => sum + (JSON.parse(data) as { value: { minor: number } }).value.minor, 0);
    const { rows, total, basis } = await read(`?format=json&by=${by}&model=${model}`);
    const shares = rows.flatMap(({ value }) => value).map(({ minor }) => minor);
    expect([shares.reduce((a, b) => a + b, 0), total.value[0]?.minor]).toEqual([whole, whole]);
    const head = await world.db.selectFrom('ledger_heads').selectAll().where('tenant', '=', seeded.tenant).where('ledger', '=', 'attributions').executeTakeFirst();
    expect([basis.hash, basis.seq, basis.frozen]).toEqual([head?.hash, head?.seq, 6]);
  });

  test('are drawn without a style or a script, say in words what they draw, and name the head that they rest on', async () => {
    const text = await (await ask('?model=linear')).text();
    const main = text.slice(text.indexOf('<main'));
    expect(main).not.toMatch(/ style=|<script|<style/);
    expect(main).toContain('<desc id="funnel-say">sent 5, 100 %; viewed 3, 60 %; signed 1, 20 %</desc>');
    expect(main.match(/role="img"/g)?.length).toBe((main.match(/<title/g) ?? []).length);
    expect(main).toContain((await read()).basis.hash);
  });

  test('are about the days that are asked for, and say so where nothing was sent', async () => {
    expect((await read('?format=json&from=2020-01-01&to=2020-01-31')).total.sent).toBe(0);
    expect(await (await ask('?from=2020-01-01&to=2020-01-31')).text()).toContain('Nothing was sent in that time');
    expect((await read('?format=json&by=nonsense&model=1&from=x')).total.sent).toBe(5);
    const bare = newId('ten');
    await world.db.insertInto('tenants').values({ id: bare, name: 'Empty', created_at: 0 }).execute();
    expect(await (await world.ask(`/t/${bare}/reports`, { cookie: await world.signIn(bare) })).text()).toContain('Nothing to report yet');
  });

  test('go to a spreadsheet with a column a currency, and no name in it is a formula', async () => {
    const evil = await seed(world, '=1+1');
    const answer = await world.ask(`/t/${evil.tenant}/reports?format=csv&by=campaign`, { cookie: await world.signIn(evil.tenant) });
    const [head = '', first = ''] = (await answer.text()).split('\r\n');
    expect(head).toBe(
      'campaign,sent,viewed,signed,touch_to_send_count,touch_to_send_median_s,touch_to_send_p90_s,send_to_view_count,send_to_view_median_s,send_to_view_p90_s,view_to_sign_count,view_to_sign_median_s,view_to_sign_p90_s,signed_value_EUR',
    );
    expect(first).toMatch(/^spring =1\+1,5,3,1,5,/);
    expect(first).toMatch(/,48000\.00$/);
  });

  test('show a touchpoint’s hostile words as words', async () => {
    const evil = await seed(world, HOSTILE);
    const session = await world.signIn(evil.tenant);
    for (const path of ['/reports', '/reports?by=campaign&model=decay', `/envelopes/${evil.ids.envelope}`]) {
      const text = await (await world.ask(`/t/${evil.tenant}${path}`, { cookie: session })).text();
      expect(text).not.toContain('<script>alert');
      expect(text).not.toContain('<img src=x');
    }
    expect(await (await world.ask(`/t/${evil.tenant}/reports?by=campaign`, { cookie: session })).text()).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });
});

describe('an envelope', () => {
  const path = () => `/t/${seeded.tenant}/envelopes/${seeded.ids.envelope}`;

  test('shows what was frozen, and its chain', async () => {
    const text = await (await world.ask(path(), { cookie })).text();
    for (const words of ['When it was sent', 'newsletter · cpc · spring Juniper', 'newsletter · email', '3 touchpoints', 'capture page', 'EUR 52,938.28'])
      expect(text).toContain(words);
  });

  test('is corrected by what differs alone, with a reason', async () => {
    const form = {
      first_source: 'trade fair',
      first_medium: 'cpc',
      first_campaign: 'spring Juniper',
      last_source: 'direct',
      last_medium: '',
      last_campaign: '',
      why: 'Scanned there.',
    };
    expect((await world.ask(`${path()}/attribution/${seeded.ids.attribution}`, { cookie, form })).status).toBe(303);
    expect(world.desk.calls).toMatchObject([
      [
        'correctAttribution',
        seeded.tenant,
        seeded.ids.attribution,
        { first: { source: 'trade fair', medium: 'cpc', clickIds: { gclid: 'Cj0KCQ' } } },
        'Scanned there.',
        'account admin',
      ],
    ]);
    expect(world.desk.calls[0]?.[3]).not.toHaveProperty('last');
    const [other] = seeded.envelopes;
    expect((await world.ask(`/t/${seeded.tenant}/envelopes/${other}/attribution/${seeded.ids.attribution}`, { cookie, form })).status).toBe(404);
  });
});
