import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { NoticeId } from '#core/ids';
import { sayKind } from '#http/console/wording';
import { putMapping } from '#store/mappings';
import { seed, type Seeded } from './seed.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let seeded: Seeded;
let cookie: string;
beforeEach(async () => {
  world = await openWorld();
  seeded = await seed(world, 'Juniper');
  cookie = await world.signIn(seeded.tenant);
});
afterEach(() => world.close());

const ask = (path: string, form?: Record<string, string>) => world.ask(`/t/${seeded.tenant}${path}`, { cookie, ...(form ? { form } : {}) });
const page = async (path: string) => (await ask(path)).text();

describe('the outbox', () => {
  test('shows dead letters first, once, with their cause; and says what is held', async () => {
    const text = await page('/outbox');
    const cause = 'HubSpot refused the date of countersign_signed_on.';
    expect(text.split(cause)).toHaveLength(2);
    expect(text.indexOf(cause)).toBeLessThan(text.indexOf('Everything else'));
    expect(text).toContain('an account needs a person to connect it again');
  });

  test('a dead letter says what the vendor said and offers its values', async () => {
    const text = await page(`/outbox/${seeded.ids.effect}`);
    expect(text).toContain('2026-31-11 was not a valid date.');
    expect(text).toContain('name="set.countersign_signed_on"');
  });

  test('only changed values are sent along, each of the kind it had; unknown names are left out', async () => {
    const form = { 'set.countersign_signed_on': '2026-11-30', 'set.amount': '48500', 'set.countersign_done': 'true', 'set.dealstage': 'closedwon' };
    expect((await ask(`/outbox/${seeded.ids.effect}/replay`, form)).status).toBe(303);
    const set = { countersign_signed_on: '2026-11-30', amount: 48500, countersign_done: true };
    expect(world.desk.calls).toEqual([['replayEffect', seeded.tenant, seeded.ids.effect, 'account admin', set]]);
  });

  test('unchanged values are a plain replay, an emptied one clears the field', async () => {
    await ask(`/outbox/${seeded.ids.effect}/replay`, { 'set.amount': '48000' });
    await ask(`/outbox/${seeded.ids.effect}/replay`, { 'set.amount': '' });
    expect(world.desk.calls.map((call) => call[4])).toEqual([undefined, { amount: null }]);
  });
});

describe('the inbox', () => {
  test('names an event in words, and as its vendor does', async () => {
    const text = await page('/inbox');
    const { kind } = await world.db
      .selectFrom('inbox')
      .select('kind')
      .where('id', '=', seeded.ids.notice as NoticeId)
      .executeTakeFirstOrThrow();
    expect(text).toContain(`>${sayKind(kind)}</a><p class="soft small"><code>${kind}</code></p>`);
    expect(['deal.propertyChange', 'recipient-sent', 'reconcile.deal'].map(sayKind)).toEqual(['Deal property change', 'Recipient sent', 'A change of a deal, found by asking']);
  });

  test('a dead notice can be tried again or discarded', async () => {
    expect(await page(`/inbox/${seeded.ids.notice}`)).toContain('propertyValue was expected and is absent.');
    await ask(`/inbox/${seeded.ids.notice}/replay`, {});
    await ask(`/inbox/${seeded.ids.notice}/discard`, {});
    expect(world.desk.calls.map(([name]) => name)).toEqual(['replayNotice', 'discardNotice']);
  });

  test('a delivery that could not be read is discarded by operators alone', async () => {
    const path = `/t/${seeded.tenant}/faulty/${seeded.ids.delivery}`;
    expect(await (await world.ask(path, { cookie: await world.signIn(null) })).text()).toContain(`action="${path}/discard"`);
    expect((await world.ask(`${path}/discard`, { cookie, form: {} })).status).toBe(404);
    expect(world.desk.calls).toEqual([]);
    const answer = await world.ask(`${path}/discard`, { cookie: await world.signIn(null), form: {} });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `/t/${seeded.tenant}/faulty?said=delivery-discarded`]);
    expect(world.desk.calls).toEqual([['discardDelivery', seeded.ids.delivery, 'operator']]);
  });

  test('says how many deliveries could not be read, to operators alone', async () => {
    const count = async (cookie: string) => {
      const text = await (await world.ask(`/t/${seeded.tenant}/inbox`, { cookie })).text();
      return [
        />Inbox<span class="count bad" title="dead letters">(\d+)</.exec(text)?.[1],
        />Deliveries that could not be read<\/a> <span class="count bad">(\d+)</.exec(text)?.[1],
      ];
    };
    expect([await count(await world.signIn(null)), await count(await world.signIn(seeded.tenant))]).toEqual([
      ['2', '1'],
      ['1', undefined],
    ]);
  });
});

describe('mappings', () => {
  test('are checked as the page is shown, faults with line and suggestion', async () => {
    const text = await page('/mappings');
    expect(text).toContain('Line 31');
    expect(text).toContain('Did you mean “dealname”?');
  });

  test('a text with faults is not lost, nor is its note', async () => {
    const answer = await ask('/mappings/send', { text: 'kind: send\r\nrules: <oops>\r\n', note: 'my note', do: 'save' });
    const text = await answer.text();
    expect(answer.status).toBe(422);
    expect(text).toContain('kind: send\nrules: &lt;oops&gt;\n');
    expect(text).toContain('value="my note"');
    expect(world.desk.calls).toEqual([['saveMapping', seeded.tenant, 'send', 'kind: send\nrules: <oops>\n', 'my note', 'account admin', 'hubspot']]);
  });

  test('checking saves nothing; saving a good text leads back to the editor', async () => {
    expect((await ask('/mappings/send', { text: 'kind: send\n', do: 'check' })).status).toBe(200);
    expect(world.desk.calls).toEqual([]);
    world.desk.faults = [];
    const saved = await ask('/mappings/send', { text: 'kind: send\n', do: 'save' });
    expect([saved.status, saved.headers.get('location')]).toEqual([303, `/t/${seeded.tenant}/mappings/send?said=saved`]);
  });

  test('are those of the CRM that is chosen, from the page to the version that is saved, where a tenant has two', async () => {
    expect(await page('/mappings')).not.toContain('aria-label="CRM"');
    world.options.vendors.push({ id: 'second-crm', name: 'Second CRM', connectable: true, capabilities: ['crm'] });
    world.desk.connected = ['hubspot', 'second-crm'];
    const text = await page('/mappings?crm=second-crm');
    expect(text).toContain('aria-label="CRM"');
    expect(text).toContain('Second CRM');
    expect(text).toContain('/mappings/send?crm=second-crm');
    // Nothing of the first CRM's versions is shown as the second's.
    expect(await (await ask('/mappings/send/versions?crm=second-crm')).json()).toEqual({ items: [], next: null });
    expect((await ask('/mappings/send/versions/1?crm=second-crm')).status).toBe(404);
    expect((await ask('/mappings/send/versions/1?crm=hubspot')).status).toBe(200);
    expect(world.desk.calls).toEqual([]);
    const by = { origin: 'shipped' as const, note: '', createdBy: 'a test' };
    await world.db.transaction().execute((tx) => putMapping(tx, seeded.tenant, 'second-crm', 'send', 'kind: send\nrules: []\n', by, world.clock.now()));
    expect(await page('/mappings/send?crm=second-crm')).toContain('rules: []');
    world.desk.faults = [];
    const saved = await ask('/mappings/send?crm=second-crm', { text: 'kind: send\n', note: 'n', do: 'save' });
    expect(saved.headers.get('location')).toContain('crm=second-crm');
    await ask('/mappings/send/activate?crm=second-crm', { version: '1' });
    await ask('/mappings/dry-run?crm=second-crm&deal=1');
    await ask('/mappings/send?crm=third-crm', { text: 'kind: send\n', note: 'n', do: 'save' });
    expect(world.desk.calls.map((call) => [call[0], call.at(-1)])).toEqual([
      ['saveMapping', 'second-crm'],
      ['activateMapping', 'second-crm'],
      ['dryRun', 'second-crm'],
      ['saveMapping', 'hubspot'],
    ]);
  });

  test('two versions are compared by lines', async () => {
    const text = await page('/mappings/send/diff?from=1&to=2');
    expect(text).toContain('# checked by the legal desk');
    expect((await ask('/mappings/send/diff?from=1&to=99')).status).toBe(404);
  });

  test('a dry run shows who would sign in routing order, and what would be written', async () => {
    const text = await page('/mappings/dry-run?deal=9000000042');
    expect(text.indexOf('Amara Okafor')).toBeLessThan(text.indexOf('Legal Desk'));
    expect(text).toContain('(only while empty)');
    world.desk.run = {
      ...world.desk.run,
      decision: { send: false, rule: 'contract-sent', reasons: [{ code: 'send.no-email', say: 'Amara Okafor has no e-mail address.', path: 'rules[0].recipients[0]' }] },
    };
    expect(await page('/mappings/dry-run?deal=9000000042')).toContain('Amara Okafor has no e-mail address.');
  });
});

describe('installs', () => {
  test('show their health and offer to reconnect what lost its permission', async () => {
    const text = await page('/installs');
    expect(text).toContain(`href="/install/docusign?tenant=${seeded.tenant}"`);
    expect(text).toContain('the grant was withdrawn');
    expect(text).toContain('6 in all');
  });

  test('disconnecting asks first', async () => {
    expect(await page(`/installs/${seeded.crm}/disconnect`)).toContain('What still waits for this account is held');
    expect(world.desk.calls).toEqual([]);
    await ask(`/installs/${seeded.crm}/disconnect`, {});
    expect(world.desk.calls).toEqual([['disconnect', seeded.tenant, seeded.crm, 'account admin']]);
  });

  test('webhook keys go in one a line and never come out', async () => {
    expect((await ask(`/installs/${seeded.sign}/keys`, { keys: ' ' })).status).toBe(400);
    await ask(`/installs/${seeded.sign}/keys`, { keys: 'first-key\r\nsecond-key\n' });
    expect(world.desk.calls).toEqual([['setWebhookKeys', seeded.tenant, seeded.sign, ['first-key', 'second-key'], 'account admin']]);
  });

  test('the server’s own key is offered to an operator alone, and only by a form', async () => {
    const button = `action="/t/${seeded.tenant}/installs/docusign/key"`;
    const operator = await world.signIn(null);
    expect(await page('/installs')).not.toContain(button);
    expect(await (await world.ask(`/t/${seeded.tenant}/installs`, { cookie: operator })).text()).toContain(button);
    expect((await ask('/installs/docusign/key', {})).status).toBe(404);
    expect((await world.ask(`/t/${seeded.tenant}/installs/docusign/key`, { cookie: operator })).status).toBe(404);
    expect(world.desk.calls).toEqual([]);
    const foreign = { cookie: operator, method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } };
    expect((await world.ask(`/t/${seeded.tenant}/installs/docusign/key`, foreign)).status).toBe(403);
    expect(world.desk.calls).toEqual([]);
    await world.ask(`/t/${seeded.tenant}/installs/docusign/key`, { cookie: operator, form: {} });
    expect(world.desk.calls).toEqual([['connectByKey', seeded.tenant, 'docusign', 'operator']]);
  });

  test('the key of the components is shown once, where the CRM has such, and what it opens is stated', async () => {
    const form = `action="/t/${seeded.tenant}/installs/${seeded.crm}/card-key"`;
    expect(await page('/installs')).not.toContain(form);
    const [hubspot] = world.options.vendors;
    if (hubspot) hubspot.cardKeys = true;
    expect(await page('/installs')).toContain(form);
    const made = await ask(`/installs/${seeded.crm}/card-key`, {});
    expect(made.headers.get('cache-control')).toContain('no-store');
    expect(await made.text()).toContain('a-card-key-that-is-shown-once');
    expect(await page('/installs')).not.toContain('a-card-key-that-is-shown-once');
    expect(world.desk.calls).toEqual([['makeCardKey', seeded.tenant, seeded.crm, 'account admin']]);
  });

  test('the share of the day is set where the vendor counts days, beside what is known of it', async () => {
    const form = `action="/t/${seeded.tenant}/installs/${seeded.crm}/share"`;
    expect(await page('/installs')).not.toContain(form);
    const hour = Math.floor(world.clock.now() / 3_600_000);
    const use = { used: 14_000, limit: 15_000, readAt: world.clock.now(), hours: { [hour]: 1200, [hour - 1]: 1000 } };
    await world.db
      .updateTable('installs')
      .set({ day_use: JSON.stringify(use) })
      .where('id', '=', seeded.crm)
      .execute();
    const text = await page('/installs');
    for (const words of [form, '2,200 of the 3,750', '14,000 of 15,000', 'At this rate the day’s quota ends at', 'Calls that the vendor allows']) expect(text).toContain(words);
    // A phone shows no head of the table.
    for (const label of ['Window', 'Used', 'Left', 'Countersign takes', 'Heard']) expect(text).toContain(`data-label="${label}"`);
    await ask(`/installs/${seeded.crm}/share`, { percent: '40' });
    expect(world.desk.calls).toEqual([['setDayShare', seeded.tenant, seeded.crm, 40, 'account admin']]);
  });

  test('a stream is offered where the CRM has one, and ended by the same button', async () => {
    const form = `action="/t/${seeded.tenant}/installs/${seeded.crm}/listening"`;
    expect(await page('/installs')).not.toContain(form);
    const [hubspot] = world.options.vendors;
    if (hubspot) hubspot.listens = true;
    expect(await page('/installs')).toContain(form);
    for (const on of ['1', '0']) await ask(`/installs/${seeded.crm}/listening`, { on });
    expect(world.desk.calls).toEqual([
      ['setListening', seeded.tenant, seeded.crm, true, 'account admin'],
      ['setListening', seeded.tenant, seeded.crm, false, 'account admin'],
    ]);
  });

  test('a body beyond the limit is refused', async () => {
    expect((await ask(`/installs/${seeded.sign}/keys`, { keys: 'k'.repeat(1_100_000) })).status).toBe(413);
  });
});
