import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { manualClock, systemClock } from '#lib/clock';
import { RETENTION_MS, type RetainedEvent } from '#connectors/salesforce/sandbox/change-events';
import { ACK, startOrg, type OrgWorld } from './sandbox-world.ts';

let org: OrgWorld;
afterEach(() => org.stop());
const deal = (name = 'Harbour') => org.sandbox.opportunityNamed(name).id;

describe('change events', () => {
  const clock = manualClock(Date.parse('2026-11-20T10:00:00Z'));
  const heard: RetainedEvent[] = [];
  beforeEach(async () => {
    org = await startOrg({ clock });
    heard.length = 0;
    org.sandbox.events.subscribe((event) => heard.push(event));
  });
  const events = () => heard.map(({ event }) => event);

  test('what was seeded is no news', () => {
    expect(org.sandbox.events.since(0)).toEqual([]);
    expect(org.sandbox.events.head()).toBe(0);
  });

  test('a change names the fields, the caller’s client and the user', async () => {
    const options = { 'sforce-call-options': 'client=countersign' };
    await org.api('PATCH', `/sobjects/Opportunity/${deal()}`, { StageName: 'Contract Sent', Esign_Sent_At__c: '2026-11-20T12:00:00.500+02:00' }, options);
    const integration = org.sandbox.records('User').at(-1)?.id;
    expect(events()).toEqual([
      {
        entity: 'Opportunity',
        recordIds: [deal()],
        changeType: 'UPDATE',
        changeOrigin: 'com/salesforce/api/rest/67.0;client=countersign',
        transactionKey: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
        sequenceNumber: 1,
        commitTimestamp: clock.now(),
        commitNumber: expect.any(Number),
        commitUser: integration,
        changed: expect.objectContaining({
          StageName: 'Contract Sent',
          Probability: 95,
          Esign_Sent_At__c: '2026-11-20T10:00:00.000Z',
          LastModifiedDate: '2026-11-20T10:00:00.000Z',
        }),
      },
    ]);
    expect(events()[0]?.changed).not.toHaveProperty('Name');
    org.sandbox.move(deal(), 'Closed Won');
    expect(events()[1]).toMatchObject({ commitUser: org.sandbox.records('User')[0]?.id, changeOrigin: expect.stringContaining('SfdcInternalAPI') });
  });

  test('records that changed alike in one transaction share an event; others follow in sequence', async () => {
    const set = (name: string, NextStep: string) => ({ attributes: { type: 'Opportunity' }, id: deal(name), NextStep });
    await org.api('PATCH', '/composite/sobjects', { records: [set('Harbour', 'Call'), set('Nordlys', 'Call'), set('Sterling', 'Write')] });
    expect(events().map(({ recordIds, sequenceNumber }) => [recordIds, sequenceNumber])).toEqual([
      [[deal('Harbour'), deal('Nordlys')], 1],
      [[deal('Sterling')], 2],
    ]);
    expect(new Set(events().map(({ transactionKey, commitNumber }) => `${transactionKey} ${commitNumber}`)).size).toBe(1);
  });

  test('making, deleting and restoring are told, a save that changes nothing is not, nor is what was undone', async () => {
    const { id } = (await org.api('POST', '/sobjects/Opportunity', { Name: 'New', StageName: 'Prospecting', CloseDate: '2026-12-31' })).body;
    expect(events()[0]?.changed).toMatchObject({ Name: 'New', StageName: 'Prospecting' });
    await org.api('PATCH', `/sobjects/Opportunity/${id}`, { Name: 'New' });
    await org.api('PATCH', '/composite/sobjects', {
      allOrNone: true,
      records: [
        { attributes: { type: 'Opportunity' }, id, NextStep: 'x' },
        { attributes: { type: 'Opportunity' }, id: '006D000000IqhSL' },
      ],
    });
    await org.api('DELETE', `/sobjects/Opportunity/${id}`);
    org.sandbox.restore(id);
    expect(events().map(({ changeType, recordIds }) => [changeType, recordIds])).toEqual(['CREATE', 'DELETE', 'UNDELETE'].map((kind) => [kind, [id]]));
  });

  test('the log is read from any place, keeps three days, and has gaps on request', async () => {
    org.sandbox.move(deal(), 'Contract Sent');
    clock.advance(1000);
    org.sandbox.gap([deal().slice(0, 15)]);
    org.sandbox.gap([]);
    expect(events().map(({ changeType, recordIds }) => [changeType, recordIds])).toEqual([
      ['UPDATE', [deal()]],
      ['GAP_UPDATE', [deal()]],
      ['GAP_OVERFLOW', []],
    ]);
    const { events: log } = org.sandbox;
    expect(log.since(1).map(({ position }) => position)).toEqual([2, 3]);
    expect([log.oldest(), log.head()]).toEqual([1, 3]);
    clock.advance(RETENTION_MS - 1000);
    expect(log.oldest()).toBe(2);
    log.expire(3);
    expect([log.since(0), log.oldest(), log.head()]).toEqual([[], 4, 3]);
  });
});

describe('outbound messages', () => {
  beforeEach(async () => {
    org = await startOrg({ clock: systemClock });
    org.sandbox.setOutbound(`${org.serverUrl()}/webhooks/salesforce/secret-path`);
  });
  const idsIn = (body: string) => [...body.matchAll(/<sf:Id>(\w+)<\/sf:Id>/g)].map(([, id]) => id);

  test('a change of stage is told as SOAP, and nothing else is', async () => {
    org.sandbox.set('Opportunity', deal(), { NextStep: 'Call' });
    org.sandbox.set('Opportunity', deal('Nordlys'), { Name: 'A & B < C' });
    org.sandbox.move(deal(), 'Contract Sent');
    await org.sandbox.quiet();
    expect(org.received).toHaveLength(1);
    const [{ url, body, headers }] = org.received as [(typeof org.received)[0]];
    expect(url).toContain('/webhooks/salesforce/secret-path');
    expect(headers['content-type']).toMatch(/^text\/xml/);
    for (const part of [
      '<notifications xmlns="http://soap.sforce.com/2005/09/outbound">',
      `<OrganizationId>${org.sandbox.orgId()}</OrganizationId>`,
      '<SessionId xsi:nil="true"/>',
      `<EnterpriseUrl>${org.base}/services/Soap/c/67.0/`,
      '<sObject xsi:type="sf:Opportunity" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">',
      `<sf:Id>${deal()}</sf:Id>`,
      '<sf:StageName>Contract Sent</sf:StageName>',
    ])
      expect(body).toContain(part);
    expect(body).toMatch(/<ActionId>04k\w{15}<\/ActionId>/);
    expect(body).toMatch(/<Notification><Id>04l\w{15}<\/Id>/);
    expect(org.sandbox.outboundAnswers()).toEqual({ 200: 1 });
  });

  test('without an Ack it is sent again, with what the record holds by then', async () => {
    org.answer.body = ACK.replace('true', 'false');
    org.sandbox.move(deal(), 'Contract Sent');
    await expect.poll(() => org.received.length).toBe(1);
    org.sandbox.move(deal(), 'Closed Won');
    org.answer.body = ACK;
    await org.sandbox.quiet();
    const again = org.received.filter(({ body }) => /<Id>04l\w+<\/Id>/.exec(body)?.[0] === /<Id>04l\w+<\/Id>/.exec(org.received[0]?.body ?? '')?.[0]);
    expect(again.length).toBeGreaterThan(1);
    expect(again.at(-1)?.body).toContain('<sf:StageName>Closed Won</sf:StageName>');
  });

  test('many changes travel together, a hundred at most', async () => {
    const records = Array.from({ length: 120 }, (_, at) => ({ attributes: { type: 'Opportunity' }, Name: `Many ${at}`, StageName: 'Prospecting', CloseDate: '2026-12-31' }));
    await org.api('POST', '/composite/sobjects', { records });
    await org.sandbox.quiet();
    expect(org.received.map(({ body }) => idsIn(body).length).sort()).toEqual([100, 20]);
  });

  test('they are doubled, dropped, delayed and of another org on request', async () => {
    const tell = async (faults: object) => {
      Object.assign(org.sandbox.faults, { duplicate: 0, drop: 0, reorder: 0, wrongSignature: 0, maxPauseMs: 5 }, faults);
      org.received.length = 0;
      org.sandbox.move(deal(), org.sandbox.field('Opportunity', deal(), 'StageName') === 'Closed Won' ? 'Contract Sent' : 'Closed Won');
      await org.sandbox.quiet();
      return org.received.map(({ body }) => /<OrganizationId>(\w+)</.exec(body)?.[1]);
    };
    const own = org.sandbox.orgId();
    expect(await tell({ duplicate: 1 })).toEqual([own, own]);
    expect(await tell({ drop: 1 })).toEqual([]);
    expect(await tell({ reorder: 1 })).toEqual([own]);
    expect((await tell({ wrongSignature: 1 }))[0]).not.toBe(own);
  });

  test('none is sent while there is no endpoint', async () => {
    org.sandbox.setOutbound(null);
    org.sandbox.move(deal(), 'Contract Sent');
    await org.sandbox.quiet();
    expect(org.received).toEqual([]);
  });
});
