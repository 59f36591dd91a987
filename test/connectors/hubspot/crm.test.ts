import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Problem } from '#core/problem';
import { crm } from '#connectors/hubspot/crm';
import { OWN_PROPERTIES } from '#connectors/hubspot/properties';
import { NO_FAULTS } from '#ports/sandbox';
import { joinList as join, startSandbox, type TestCall } from './harness.ts';

let world: Awaited<ReturnType<typeof startSandbox>>;
let call: TestCall;

beforeAll(async () => {
  world = await startSandbox();
  call = (await world.install()).call;
  await crm.prepare(call);
});
beforeEach(() => void Object.assign(world.sandbox.faults, NO_FAULTS));
afterAll(() => world.stop());

const code = (work: Promise<unknown>) =>
  work.then(
    () => 'no problem',
    (thrown: unknown) => Problem.from(thrown).code,
  );
async function callsOf(work: () => Promise<unknown>): Promise<number> {
  const total = () => Object.values(world.sandbox.calls()).reduce((sum, count) => sum + count, 0);
  const before = total();
  await work();
  return total() - before;
}

describe('prepare', () => {
  test('makes the group and every property once, and nothing the second time', async () => {
    const fresh = await startSandbox();
    const { call } = await fresh.install();
    const made = await crm.prepare(call);
    expect(made).toHaveLength(OWN_PROPERTIES.deals.length + OWN_PROPERTIES.contacts.length + 1);
    expect(made).toContain('custom event countersign_envelope');
    expect(await crm.prepare(call)).toEqual([]);
    expect(Object.keys(fresh.sandbox.world().groups.deals)).toContain('countersign');
    await fresh.stop();
  });

  test('goes on where another process has made a part of it', async () => {
    const fresh = await startSandbox();
    const { call } = await fresh.install();
    const [first, second] = await Promise.all([crm.prepare(call), crm.prepare(call)]);
    expect(new Set([...first, ...second]).size).toBe(OWN_PROPERTIES.deals.length + OWN_PROPERTIES.contacts.length + 1);
    await fresh.stop();
  });
});

describe('describe and read', () => {
  test('tells types, options, what may be written, stages and labels', async () => {
    const schema = await crm.describe(call);
    const field = (name: string) => schema.fields.deal.find((info) => info.name === name);
    expect(field('amount')).toMatchObject({ type: 'number', writable: true });
    expect(field('hs_is_closed')).toMatchObject({ type: 'bool', writable: false });
    expect(field('esign_status')).toMatchObject({ type: 'choice', writable: true, options: expect.arrayContaining(['blocked', 'completed']) });
    expect(field('dealstage')?.options).toBeUndefined();
    expect(field('hs_forecast_internal')).toBeUndefined();
    expect(schema.pipelines[0]?.stages.map((stage) => [stage.id, stage.closed])).toEqual([
      ['qualified', false],
      ['proposal', false],
      ['contractsent', false],
      ['closedwon', true],
      ['closedlost', true],
    ]);
    expect(schema.contactLabels).toEqual(['Signer', 'Decision maker']);
  });

  test('reads a deal with all that stands around it, typed', async () => {
    const deal = world.sandbox.dealNamed('Harbour Coffee');
    const [snapshot] = await crm.read(call, [deal.id]);
    expect(snapshot?.deal).toMatchObject({
      id: deal.id,
      stage: 'proposal',
      pipeline: 'default',
      fields: { amount: 14400, hs_analytics_source: 'PAID_SEARCH', utm_campaign: 'spring-launch' },
    });
    expect(snapshot?.deal.enteredAt).toBe(Date.parse(deal.properties.hs_v2_date_entered_proposal ?? ''));
    expect(snapshot?.contacts.map((contact) => [contact.fields.lastname, contact.labels, contact.primary])).toEqual([
      ['Lindqvist', ['Signer'], true],
      ['Feld', ['Decision maker'], false],
    ]);
    expect(snapshot?.company?.fields.name).toBe('Harbour Coffee');
    expect(snapshot?.lines.map((line) => line.fields.price)).toEqual([900, 3600]);
    expect(snapshot?.owner?.email).toBe('sam.rivera@example.com');
    const page = await fetch(snapshot?.deal.url ?? '');
    expect(await page.text()).toContain('Harbour Coffee');
  });

  test('leaves out deals that do not exist, keeps the order, and a contact without e-mail has none', async () => {
    const [a, b] = [world.sandbox.dealNamed('Paper Lantern').id, world.sandbox.dealNamed('Harbour').id];
    const snapshots = await crm.read(call, [a, '1', b]);
    expect(snapshots.map((snapshot) => snapshot.deal.id)).toEqual([a, b]);
    expect(snapshots[0]?.contacts[0]?.fields.email).toBeNull();
  });

  test('costs 7 calls for a batch once the schema is known', async () => {
    const ids = world.sandbox.account.all('deals').map((deal) => deal.id);
    await crm.read(call, ids);
    expect(await callsOf(() => crm.read(call, ids))).toBe(7);
  });

  test('knows when a deal entered a stage that was made a moment ago', async () => {
    const fresh = await startSandbox();
    const { call: own } = await fresh.install();
    const { id } = fresh.sandbox.dealNamed('Nordlys');
    await crm.read(own, [id]);
    const { pipeline, properties } = fresh.sandbox.world();
    const of = (stage: string) => `hs_v2_date_entered_${stage}`;
    const other = properties.deals[of('proposal')];
    if (!other) return expect.unreachable();
    properties.deals[of('legal')] = { ...other, name: of('legal') };
    pipeline.stages = [...pipeline.stages, { id: 'legal', label: 'Legal review', closed: false, probability: '0.7' }];
    fresh.sandbox.moveDeal(id, 'legal');
    const entered = Date.parse(fresh.sandbox.dealNamed('Nordlys').properties[of('legal')] ?? '');
    expect((await crm.read(own, [id]))[0]?.deal).toMatchObject({ stage: 'legal', enteredAt: entered });
    await fresh.stop();
  });

  test('lists deals newest first, and by name', async () => {
    const all = await crm.list(call, { limit: 3 });
    expect(all).toHaveLength(3);
    expect((await crm.list(call, { text: 'kestrel', limit: 10 })).map((deal) => deal.name)).toEqual(['Kestrel Logistics: fleet contracts']);
  });
});

describe('write', () => {
  const record = (name: string) => ({ type: 'deal' as const, id: world.sandbox.dealNamed(name).id });
  const value = (name: string, property: string) => world.sandbox.dealNamed(name).properties[property] ?? null;

  test('writes many records in one call, twice to the same end', async () => {
    const writes = world.sandbox.account.all('deals').map((deal) => ({
      record: { type: 'deal' as const, id: deal.id },
      set: { esign_signed_count: 2, esign_status: 'sent', esign_sent_at: '2026-03-01T10:00:00.000Z' },
      once: [],
    }));
    expect(await callsOf(() => crm.write(call, writes))).toBe(1);
    const outcomes = await crm.write(call, writes);
    expect(outcomes.every((outcome) => outcome.ok && outcome.written.length === 3 && outcome.left.length === 0)).toBe(true);
    expect(value('Nordlys', 'esign_signed_count')).toBe('2');
  });

  test('null clears', async () => {
    await crm.write(call, [{ record: record('Nordlys'), set: { esign_reason: 'A reason' }, once: [] }]);
    await crm.write(call, [{ record: record('Nordlys'), set: { esign_reason: null }, once: [] }]);
    expect(value('Nordlys', 'esign_reason')).toBeNull();
  });

  test('a record that is gone fails alone', async () => {
    const outcomes = await crm.write(call, [
      { record: { type: 'deal', id: '1' }, set: { esign_status: 'sent' }, once: [] },
      { record: record('Fjord'), set: { esign_status: 'viewed' }, once: [] },
    ]);
    expect(outcomes[0]).toMatchObject({ ok: false, problem: { code: 'vendor.not-found' } });
    expect(outcomes[1]).toEqual({ ok: true, written: ['esign_status'], left: [] });
  });

  test('a property that does not exist is left, and the others land with one call more', async () => {
    const writes = ['Harbour', 'Fjord', 'Meadow'].map((name) => ({ record: record(name), set: { esign_status: 'declined', no_such_property: 'x' }, once: [] }));
    let outcomes: Awaited<ReturnType<typeof crm.write>> = [];
    expect(await callsOf(async () => (outcomes = await crm.write(call, writes)))).toBe(2);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ ok: true, written: ['esign_status'], left: [{ field: 'no_such_property', problem: { code: 'vendor.rejected' } }] });
    expect(value('Meadow', 'esign_status')).toBe('declined');
  });

  test('a value that one record may not take is left there alone, without a call for each record', async () => {
    const deals = world.sandbox.account.all('deals');
    const writes = deals.map((deal, index) => ({
      record: { type: 'deal' as const, id: deal.id },
      set: { esign_status: index === 7 ? 'banana' : 'expired', esign_waiting_for: `turn ${index}` },
      once: [],
    }));
    let outcomes: Awaited<ReturnType<typeof crm.write>> = [];
    const calls = await callsOf(async () => (outcomes = await crm.write(call, writes)));
    expect(calls).toBeLessThan(deals.length);
    outcomes.forEach((outcome, index) => {
      if (index === 7) expect(outcome).toMatchObject({ ok: true, written: ['esign_waiting_for'], left: [{ field: 'esign_status' }] });
      else expect(outcome).toEqual({ ok: true, written: ['esign_status', 'esign_waiting_for'], left: [] });
    });
    expect(deals.map((deal) => deal.properties.esign_waiting_for)).toEqual(deals.map((_, index) => `turn ${index}`));
  });

  test('write-once fields keep what they have', async () => {
    const set = (source: string) => ({ record: record('Lumen'), set: { esign_first_touch_source: source, esign_status: 'sent' }, once: ['esign_first_touch_source'] });
    expect(await crm.write(call, [set('first')])).toEqual([{ ok: true, written: ['esign_first_touch_source', 'esign_status'], left: [] }]);
    expect(await crm.write(call, [set('second')])).toEqual([{ ok: true, written: ['esign_status'], left: [] }]);
    expect(value('Lumen', 'esign_first_touch_source')).toBe('first');
  });

  test('tells the limiter what is left', async () => {
    call.budgets.length = 0;
    await crm.write(call, [{ record: record('Lumen'), set: { esign_status: 'viewed' }, once: [] }]);
    expect(call.budgets.at(-1)).toMatchObject({ resetInMs: 10_000 });
    expect(call.budgets.at(-1)?.remaining).toBeLessThan(110);
  });
});

describe('task', () => {
  test('makes one for a key, however often asked', async () => {
    const deal = world.sandbox.dealNamed('Sterling').id;
    const task = { deal, owner: '70001', subject: 'Call them', body: 'They declined.', key: 'env_1:declined', dueAt: Date.now() };
    const first = await crm.task(call, task);
    expect(await crm.task(call, task)).toEqual(first);
    expect((await crm.task(call, { ...task, key: 'env_2:declined' })).id).not.toBe(first.id);
    expect(world.sandbox.account.linked(deal, 'tasks')).toHaveLength(2);
  });
});

describe('journey', () => {
  test('makes the list, adds each contact once and tells who is not there', async () => {
    const [contact] = world.sandbox.contactsOf(world.sandbox.dealNamed('Harbour').id);
    const id = contact?.id ?? '';
    expect(await join(call, 'Signed a contract', [id, '1'])).toEqual({ absent: ['1'] });
    expect(await join(call, 'Signed a contract', [id])).toEqual({ absent: [] });
    expect(world.sandbox.listMembers('Signed a contract')).toEqual([id]);
  });

  test('makes the list again where somebody deleted it', async () => {
    const [contact] = world.sandbox.contactsOf(world.sandbox.dealNamed('Harbour').id);
    await join(call, 'Short-lived', [contact?.id ?? '']);
    const lists = world.sandbox.world().lists;
    for (const list of Object.values(lists)) if (list.name === 'Short-lived') delete lists[list.id];
    await join(call, 'Short-lived', [contact?.id ?? '']);
    expect(world.sandbox.listMembers('Short-lived')).toEqual([contact?.id]);
  });

  test('refuses a list that fills itself', async () => {
    world.sandbox.world().lists['77'] = { id: '77', name: 'Active people', processingType: 'DYNAMIC', createdAt: 0, members: {} };
    expect(await code(join(call, 'Active people', ['1']))).toBe('vendor.rejected');
  });
});

describe('refusals and faults', () => {
  test('429 names the pause that was asked for', async () => {
    world.sandbox.faults.rateLimited = 1;
    world.sandbox.faults.maxPauseMs = 3000;
    const problem = Problem.from(await crm.describe(call).catch((thrown: unknown) => thrown));
    expect([problem.code, problem.retryAfterMs]).toEqual(['vendor.rate-limited', 3000]);
  });

  test('503 is the vendor’s own fault', async () => {
    world.sandbox.faults.unavailable = 1;
    expect(await code(crm.describe(call))).toBe('vendor.unavailable');
  });

  test('a reply lost after the work is told apart, and the work is done', async () => {
    const deal = world.sandbox.dealNamed('Quayside');
    world.sandbox.faults.lostReply = 1;
    expect(await code(crm.write(call, [{ record: { type: 'deal', id: deal.id }, set: { esign_status: 'voided' }, once: [] }]))).toBe('vendor.lost-reply');
    expect(deal.properties.esign_status).toBe('voided');
  });

  test('the limit of 110 requests in ten seconds is real', async () => {
    const fresh = await startSandbox();
    const { call } = await fresh.install();
    const [deal] = fresh.sandbox.account.all('deals');
    const writes = [{ record: { type: 'deal' as const, id: deal?.id ?? '' }, set: { description: 'x' }, once: [] }];
    const codes: string[] = [];
    for (let index = 0; index < 115; index++) codes.push(await code(crm.write(call, writes)));
    expect(codes.slice(0, 109).every((each) => each === 'no problem')).toBe(true);
    expect(codes.at(-1)).toBe('vendor.rate-limited');
    await fresh.stop();
  });

  test('a token that ended and a grant that is gone both ask for permission anew', async () => {
    const fresh = await startSandbox();
    const { call } = await fresh.install();
    fresh.sandbox.expireTokens();
    expect(await code(crm.describe(call))).toBe('install.unauthorized');
    fresh.sandbox.revokeGrant();
    expect(await code(crm.describe(call))).toBe('install.unauthorized');
    await fresh.stop();
  });

  test('a scope that is missing is named', async () => {
    const fresh = await startSandbox();
    const { call } = await fresh.install();
    const grant = fresh.sandbox.world().grant;
    if (grant) grant.scopes = grant.scopes.filter((scope) => scope !== 'crm.lists.write');
    const problem = Problem.from(await join(call, 'Any', ['1']).catch((thrown: unknown) => thrown));
    expect(problem.code).toBe('install.missing-scope');
    expect(problem.message).toContain('crm.lists.write');
    await fresh.stop();
  });
});
