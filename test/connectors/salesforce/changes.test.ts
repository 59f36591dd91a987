import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { changes } from '#connectors/salesforce/changes';
import { inbound } from '#connectors/salesforce/inbound';
import type { Fact } from '#core/fact';
import type { Json } from '#lib/json';
import type { Call } from '#ports/call';
import type { Notice } from '#ports/inbound';
import { openOrg, type OrgWorld } from './org-world.ts';
import { json, openWire } from './wire.ts';

const MINUTE_MS = 60_000;
let org: OrgWorld;
let call: Call;
beforeEach(async () => {
  org = await openOrg();
  ({ call } = await org.connect());
});
afterEach(() => org.close());

const deal = (): string => org.sandbox.opportunityNamed('Harbour').id;
/** One round, page by page, as reconciliation asks; the cursor is stored as text in between. `skew` is how far our clock is from the org's. */
async function poll(cursor: Json, skew = 0): Promise<{ notices: Notice[]; cursor: Json; pages: number }> {
  const notices: Notice[] = [];
  let at = cursor;
  for (let pages = 1; pages <= 50; pages++) {
    const page = await changes(call, at, org.clock.now() + skew);
    notices.push(...page.notices);
    at = JSON.parse(JSON.stringify(page.cursor)) as Json;
    if (!page.more) return { notices, cursor: at, pages };
  }
  throw new Error('The pages do not end.');
}
const factsOf = (notices: Notice[]): Fact[] => notices.flatMap((notice) => inbound.decode(notice, { appId: '' }));
const stagesOf = (notices: Notice[], id: string) => factsOf(notices).flatMap(({ type, data }) => (type === 'deal.stage-changed' && data.deal === id ? [data.stage] : []));
const fresh = (before: Notice[], after: Notice[]) => after.filter(({ key }) => !before.some((known) => known.key === key));

describe('a stage', () => {
  test('is found once for each entry into it, however often the deal changes', async () => {
    const id = deal();
    org.sandbox.move(id, 'Contract Sent');
    const first = await poll(null);
    expect(factsOf(first.notices)).toContainEqual({
      type: 'deal.stage-changed',
      at: Date.parse(String(org.sandbox.field('Opportunity', id, 'LastStageChangeDate')).replace('+0000', 'Z')),
      data: { deal: id, stage: 'Contract Sent', source: 'unknown', seenBy: 'reconcile' },
    });
    org.clock.advance(5_000);
    org.sandbox.set('Opportunity', id, { NextStep: 'Call', Esign_Reason__c: 'A write of ours' });
    const second = await poll(first.cursor);
    expect(stagesOf(second.notices, id)).toContain('Contract Sent');
    expect(fresh(first.notices, second.notices)).toEqual([]);
    org.clock.advance(5_000);
    org.sandbox.move(id, 'Qualification');
    org.clock.advance(5_000);
    org.sandbox.move(id, 'Contract Sent');
    const third = await poll(second.cursor);
    expect(stagesOf(fresh(first.notices, third.notices), id)).toEqual(['Qualification', 'Contract Sent']);
  });

  test('that a deal passed through between two polls is seen, and other lines of its history are none', async () => {
    const id = deal();
    const { cursor } = await poll(null);
    for (const change of [{ StageName: 'Prospecting' }, { Amount: 5 }, { StageName: 'Contract Sent' }, { Amount: 6 }, { Amount: 7 }, { StageName: 'Closed Won' }, { Amount: 8 }]) {
      org.clock.advance(1_000);
      org.sandbox.set('Opportunity', id, change);
    }
    expect(stagesOf((await poll(cursor)).notices, id)).toEqual(['Prospecting', 'Contract Sent', 'Closed Won']);
  });

  test('in which a deal is made is an entry too', async () => {
    const { cursor } = await poll(null);
    const id = org.sandbox.add('Opportunity', { Name: 'A new one', StageName: 'Contract Sent', CloseDate: '2026-01-01' });
    expect(stagesOf((await poll(cursor)).notices, id)).toEqual(['Contract Sent']);
  });

  test('of a deal that is deleted is gone, and back once the deal is', async () => {
    const id = deal();
    const before = await poll(null);
    org.clock.advance(1_000);
    org.sandbox.remove(id);
    const gone = await poll(before.cursor);
    expect(factsOf(gone.notices)).toContainEqual({ type: 'deal.deleted', at: org.clock.now(), data: { deal: id } });
    expect(stagesOf(gone.notices, id)).toEqual([]);
    org.clock.advance(1_000);
    org.sandbox.restore(id);
    expect(stagesOf((await poll(gone.cursor)).notices, id)).toEqual([org.sandbox.field('Opportunity', id, 'StageName')]);
  });
});

describe('nothing is lost', () => {
  test.each([
    ['shortly before the window', 100_000, [MINUTE_MS]],
    ['minutes before it', 9 * MINUTE_MS, Array.from({ length: 11 }, () => MINUTE_MS)],
  ])('where a transaction commits %s', async (_when, lagMs, pauses) => {
    const [id, other] = [deal(), org.sandbox.records('Opportunity')[1]?.id ?? ''];
    org.clock.advance(20 * MINUTE_MS);
    org.sandbox.move(other, 'Qualification');
    let { cursor } = await poll(null);
    org.sandbox.commitLag(lagMs);
    org.sandbox.move(id, 'Contract Sent');
    org.sandbox.commitLag(0);
    const seen: Notice[] = [];
    for (const pause of pauses) {
      org.clock.advance(pause);
      const round = await poll(cursor);
      cursor = round.cursor;
      seen.push(...round.notices);
    }
    expect(stagesOf(seen, id)).toContain('Contract Sent');
  });

  test.each([-10 * MINUTE_MS, 10 * MINUTE_MS])('where our clock is %i ms from theirs', async (skew) => {
    const id = deal();
    let { cursor } = await poll(null, skew);
    for (const stage of ['Qualification', 'Contract Sent', 'Closed Won']) {
      org.clock.advance(MINUTE_MS);
      org.sandbox.move(id, stage);
      org.clock.advance(5_000);
      const round = await poll(cursor, skew);
      cursor = round.cursor;
      expect(stagesOf(round.notices, id)).toContain(stage);
    }
  });

  test('of thousands that change in one second, and of what changes while their pages are read', async () => {
    const { cursor: start } = await poll(null);
    const add = (name: string) => org.sandbox.add('Opportunity', { Name: name, StageName: 'Prospecting', CloseDate: '2026-01-01' });
    const ids = Array.from({ length: 2_500 }, (_one, index) => add(`Deal ${index}`));
    org.clock.advance(1_000);
    ids.push(...Array.from({ length: 2_000 }, (_one, index) => add(`Later deal ${index}`)));
    const seen = new Set<string>();
    let cursor = start;
    for (let page = 0, more = true; more; page++) {
      expect(page).toBeLessThan(6);
      const before = org.requests();
      const answer = await changes(call, cursor, org.clock.now());
      for (const fact of factsOf(answer.notices)) if (fact.type === 'deal.stage-changed') seen.add(`${fact.data.deal} ${fact.data.stage ?? ''}`);
      ({ cursor, more } = answer);
      expect(org.requests() - before).toBeLessThanOrEqual(8);
      org.clock.advance(1_000);
      // From what is read already back to what is not read yet, and a new one.
      if (page === 0) org.sandbox.move(ids[0] ?? '', 'Closed Won');
      if (page === 1) ids.push(add('Made meanwhile'));
    }
    expect(ids.filter((id) => !seen.has(`${id} Prospecting`))).toEqual([]);
    expect(seen).toContain(`${ids[0] ?? ''} Closed Won`);
  });

  test('where a cursor is none', async () => {
    const id = deal();
    org.sandbox.move(id, 'Contract Sent');
    for (const cursor of [null, 'x', 5, [], {}, { since: 'x' }, { since: 1, swept: 1 }] as Json[]) expect(stagesOf((await poll(cursor)).notices, id)).toContain('Contract Sent');
  });
});

test('an idle org costs one call a poll, and a large change of yesterday none more', async () => {
  for (let index = 0; index < 300; index++) org.sandbox.add('Opportunity', { Name: `Deal ${index}`, StageName: 'Prospecting', CloseDate: '2026-01-01' });
  let { cursor } = await poll(null);
  let last: Notice[] = [];
  const before = org.requests();
  for (let minute = 0; minute < 60; minute++) {
    org.clock.advance(MINUTE_MS);
    ({ cursor, notices: last } = await poll(cursor));
  }
  expect(org.requests() - before).toBe(60);
  expect(last).toEqual([]);
});

test('heard again are the same notices', async () => {
  org.sandbox.move(deal(), 'Contract Sent');
  const keys = async () => (await poll(null)).notices.map(({ key }) => key);
  expect(await keys()).toEqual(await keys());
});

describe('an org that is odd', () => {
  const row = {
    Id: '0065g0000000001AAA',
    StageName: 'Closed Won',
    LastStageChangeDate: null,
    CreatedDate: '2026-03-01T10:00:00.000+0000',
    SystemModstamp: '2026-03-01T10:00:00.000+0000',
    IsDeleted: false,
  };
  test('and hides the history is asked without it', async () => {
    const wire = await openWire((seen, response) => {
      const asked = decodeURIComponent(seen.url);
      if (asked.includes('OpportunityHistories'))
        json(response, 400, [{ errorCode: 'INVALID_FIELD', message: "Didn't understand relationship 'OpportunityHistories' in field path." }]);
      else json(response, 200, { done: true, records: [row] });
    });
    const found = await changes(wire.callTo(), null, Date.parse('2026-03-01T10:01:00Z'));
    expect(stagesOf(found.notices, row.Id)).toEqual(['Closed Won']);
    await wire.close();
  });
  test('and hides the date of the change of stage is told so, with what to do', async () => {
    const wire = await openWire((_seen, response) =>
      json(response, 400, [{ errorCode: 'INVALID_FIELD', message: "\nSELECT Id\n ^\nERROR at Row:1:Column:22\nNo such column 'LastStageChangeDate' on entity 'Opportunity'." }]),
    );
    await expect(changes(wire.callTo(), null, 0)).rejects.toMatchObject({
      code: 'vendor.rejected',
      message: expect.stringMatching(/Countersign Integration.*LastStageChangeDate/),
    });
    expect(wire.seen).toHaveLength(1);
    await wire.close();
  });
  test('and answers a full page of one record for ever comes to an end', async () => {
    const wire = await openWire((_seen, response) => json(response, 200, { done: true, records: Array.from({ length: 2_000 }, () => row) }));
    let cursor: Json = null;
    const positions = new Set<string>();
    for (let page = 0; page < 5; page++) {
      ({ cursor } = await changes(wire.callTo(), cursor, Date.parse('2026-03-01T10:01:00Z')));
      positions.add(JSON.stringify(cursor));
    }
    expect(positions.size).toBeGreaterThan(2);
    await wire.close();
  });
  test('and answers odd records gives what can be read of them', async () => {
    const odd = [
      row,
      { ...row, Id: null },
      { ...row, StageName: null },
      { ...row, SystemModstamp: 'x', CreatedDate: 'x' },
      { ...row, OpportunityHistories: { records: null } },
      {},
    ];
    const wire = await openWire((_seen, response) => json(response, 200, { done: true, records: odd }));
    expect(stagesOf((await changes(wire.callTo(), null, 0)).notices, row.Id)).toEqual(['Closed Won', null, 'Closed Won', 'Closed Won']);
    await wire.close();
  });
});
