import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { manualClock } from '#lib/clock';
import { startOrg, type Body, type OrgWorld } from './sandbox-world.ts';

let org: OrgWorld;
const clock = manualClock(Date.parse('2026-11-20T10:00:00Z'));
beforeAll(async () => {
  org = await startOrg({ clock });
  const people = [
    ['Ash', 10, '2026-01-01', true],
    ["O'Neil_1", 20, '2026-02-01', false],
    ['oNEIL%2', null, '2026-03-01', true],
    ['Zed', 30, '2026-04-01', false],
  ] as const;
  for (const [Name, Amount, CloseDate, IsPrivate] of people) {
    clock.advance(60_000);
    org.sandbox.add('Opportunity', { Name: `T ${Name}`, Amount, CloseDate, IsPrivate, StageName: 'Prospecting' });
  }
});
afterAll(() => org.stop());

const names = async (where: string, rest = ''): Promise<string[]> => {
  const reply = await org.query(`SELECT Name FROM Opportunity WHERE Name LIKE 'T %' AND (${where}) ${rest}`);
  if (reply.status !== 200) throw new Error(JSON.stringify(reply.body));
  return reply.body.records.map((row: Body) => row.Name.slice(2));
};

describe('conditions', () => {
  test.each([
    ['Amount = 10', ['Ash']],
    ['Amount != 10', ["O'Neil_1", 'oNEIL%2', 'Zed']],
    ['Amount <> 10 AND Amount != NULL', ["O'Neil_1", 'Zed']],
    ['Amount = null', ['oNEIL%2']],
    ['Amount < 20', ['Ash']],
    ['Amount <= 20', ['Ash', "O'Neil_1"]],
    ['Amount > 20', ['Zed']],
    ['Amount >= +20.0', ["O'Neil_1", 'Zed']],
    ['Amount IN (10, 30)', ['Ash', 'Zed']],
    ['Amount NOT IN (10, 30)', ["O'Neil_1", 'oNEIL%2']],
    ['IsPrivate = true', ['Ash', 'oNEIL%2']],
    ["Name = 't ash'", ['Ash']],
    ["Name LIKE '%neil%'", ["O'Neil_1", 'oNEIL%2']],
    ["Name LIKE 'T o\\'neil\\__'", ["O'Neil_1"]],
    ["Name LIKE '%\\%_'", ['oNEIL%2']],
    ["Name LIKE 'T _sh'", ['Ash']],
    ["NOT Name LIKE '%neil%'", ['Ash', 'Zed']],
    ['NOT (Amount = 10 OR Amount = 20)', ['oNEIL%2', 'Zed']],
    ['Amount = 10 OR (Amount = 30 AND IsPrivate = false)', ['Ash', 'Zed']],
    ['CloseDate > 2026-02-01', ['oNEIL%2', 'Zed']],
    ['CloseDate < TODAY', ['Ash', "O'Neil_1", 'oNEIL%2', 'Zed']],
    ['SystemModstamp >= 2026-11-20T10:03:00Z', ['oNEIL%2', 'Zed']],
    ['SystemModstamp >= 2026-11-20T12:03:00+02:00', ['oNEIL%2', 'Zed']],
    ['SystemModstamp >= 2026-11-20T10:03:00.900Z', ['oNEIL%2', 'Zed']],
    ['CreatedDate = TODAY', ['Ash', "O'Neil_1", 'oNEIL%2', 'Zed']],
    ['CreatedDate < LAST_N_DAYS:3', []],
    ["CreatedBy.Email = 'sam.rivera@example.com' AND Amount = 10", ['Ash']],
    ['AccountId = null AND Amount = 10', ['Ash']],
    ["Id IN (SELECT OpportunityId FROM OpportunityContactRole WHERE Role = 'Signer')", []],
  ])('%s', async (where, expected) => expect(await names(where, 'ORDER BY CloseDate')).toEqual(expected));

  test('an id is taken in both lengths', async () => {
    const { id } = org.sandbox.opportunityNamed('T Ash');
    expect(await names(`Id = '${id.slice(0, 15)}'`)).toEqual(['Ash']);
    expect(await names(`Id IN ('${id}', '006000000000001')`)).toEqual(['Ash']);
  });
});

describe('order and pages', () => {
  test('several keys, nulls first unless said, limit and offset', async () => {
    expect(await names('IsPrivate != null', 'ORDER BY IsPrivate DESC, Amount DESC')).toEqual(['oNEIL%2', 'Ash', 'Zed', "O'Neil_1"]);
    expect(await names('IsPrivate != null', 'ORDER BY Amount NULLS LAST LIMIT 2 OFFSET 2')).toEqual(['Zed', 'oNEIL%2']);
  });

  test('a result is read on by its address, in pages as large as asked', async () => {
    const first = await org.query('SELECT Id FROM Contact ORDER BY Id', { 'sforce-query-options': 'batchSize=4' });
    expect(first.body).toMatchObject({ totalSize: org.sandbox.records('Contact').length, done: false });
    expect(first.body.records).toHaveLength(4);
    const ids = first.body.records.map((row: Body) => row.Id);
    let next: string | undefined = first.body.nextRecordsUrl;
    while (next) {
      const page = await org.api('GET', next, undefined, { 'sforce-query-options': 'batchSize=4' });
      ids.push(...page.body.records.map((row: Body) => row.Id));
      expect(page.body.done).toBe(page.body.nextRecordsUrl === undefined);
      next = page.body.nextRecordsUrl;
    }
    expect(ids).toEqual(
      org.sandbox
        .records('Contact')
        .map((row) => row.id)
        .sort(),
    );
    expect((await org.api('GET', '/query/0r8xx9999999999AAA-2000')).body[0].errorCode).toBe('INVALID_QUERY_LOCATOR');
  });

  test('the count comes without records', async () => {
    expect((await org.query("SELECT COUNT() FROM Opportunity WHERE Name LIKE 'T %'")).body).toEqual({ totalSize: 4, done: true, records: [] });
  });
});

describe('relations', () => {
  test('parents are nested, children are results of their own, and what is absent is null', async () => {
    const { id } = org.sandbox.opportunityNamed('Harbour');
    const soql = `SELECT Id, Account.Name, Owner.Email, CampaignId, Campaign.Name,
      (SELECT ContactId, Contact.Name, Contact.Account.Name, Role, IsPrimary FROM OpportunityContactRoles WHERE Role = 'Signer'),
      (SELECT Name, Quantity, Product2.Name FROM OpportunityLineItems ORDER BY SortOrder), (SELECT Id FROM Envelopes__r) FROM Opportunity WHERE Id = '${id}'`;
    const [row] = (await org.query(soql)).body.records;
    expect(row).toMatchObject({
      attributes: { type: 'Opportunity' },
      Account: { attributes: { type: 'Account' }, Name: 'Harbour Coffee' },
      Owner: { Email: 'sam.rivera@example.com' },
      Campaign: null,
      Envelopes__r: null,
    });
    expect(row.OpportunityContactRoles).toMatchObject({
      totalSize: 1,
      done: true,
      records: [{ Contact: { Name: 'Mara Lindqvist', Account: { Name: 'Harbour Coffee' } }, Role: 'Signer', IsPrimary: true }],
    });
    expect(row.OpportunityLineItems.records.map((line: Body) => line.Product2.Name)).toEqual(['Team plan, yearly', 'Onboarding']);
  });

  test('a task’s person may be a contact or a lead', async () => {
    const lead = org.sandbox.records('Lead')[0]?.id ?? '';
    org.sandbox.add('Task', { Subject: 'Call', WhoId: lead });
    expect((await org.query("SELECT Who.Name, Who.Email FROM Task WHERE Subject = 'Call'")).body.records[0].Who).toMatchObject({
      attributes: { type: 'Lead' },
      Name: 'Sigrid Moen',
    });
  });
});

describe('refusals', () => {
  test.each([
    ['SELECT Id FROM', 'MALFORMED_QUERY'],
    ['SELECT Id Opportunity', 'MALFORMED_QUERY'],
    ["SELECT Id FROM Opportunity WHERE Name = 'x", 'MALFORMED_QUERY'],
    ["SELECT Id FROM Opportunity WHERE Name = 'x' OR Amount = 1 AND Amount = 2", 'MALFORMED_QUERY'],
    ["SELECT Id FROM Opportunity WHERE Name = 'x'; DELETE", 'MALFORMED_QUERY'],
    ["SELECT Id FROM Opportunity WHERE Name = 'a\\qb'", 'MALFORMED_QUERY'],
    ['SELECT Id FROM Opportunity LIMIT few', 'MALFORMED_QUERY'],
    ['SELECT Id FROM Opportunity OFFSET 2001', 'MALFORMED_QUERY'],
    ['SELECT Idd FROM Opportunity', 'INVALID_FIELD'],
    ['SELECT CurrencyIsoCode FROM Opportunity', 'INVALID_FIELD'],
    ['SELECT Accounts.Name FROM Opportunity', 'INVALID_FIELD'],
    ['SELECT Id FROM Opportunity ORDER BY Nothing', 'INVALID_FIELD'],
    ["SELECT Id FROM Opportunity WHERE Amount = '10'", 'INVALID_FIELD'],
    ['SELECT Id FROM Opportunity WHERE Name = 10', 'INVALID_FIELD'],
    ["SELECT Id FROM Opportunity WHERE SystemModstamp > '2026-01-01T00:00:00Z'", 'INVALID_FIELD'],
    ["SELECT Id FROM Opportunity WHERE Description = 'x'", 'INVALID_FIELD'],
    ["SELECT Id FROM Opportunity WHERE Id = 'nothing'", 'INVALID_QUERY_FILTER_OPERATOR'],
    ['SELECT Id FROM Quote', 'INVALID_TYPE'],
    ['SELECT Id FROM Envelope_Event__e', 'INVALID_TYPE'],
    ['SELECT Id, (SELECT Id FROM Nothings) FROM Opportunity', 'INVALID_TYPE'],
  ])('%s', async (soql, code) => {
    const reply = await org.query(soql);
    expect([reply.status, reply.body[0].errorCode]).toEqual([400, code]);
  });

  test('the message points at the place', async () => {
    const reply = await org.query('SELECT Id, Idd FROM Opportunity');
    expect(reply.body[0].message).toContain('ERROR at Row:1:Column:12');
    expect(reply.body[0].message).toContain("No such column 'Idd' on entity 'Opportunity'");
  });

  test('a field that security hides is as good as none, and comes back', async () => {
    org.sandbox.hideField('Opportunity', 'Amount', 'hidden');
    expect((await org.query('SELECT Amount FROM Opportunity')).body[0].errorCode).toBe('INVALID_FIELD');
    expect((await org.api('PATCH', `/sobjects/Opportunity/${org.sandbox.opportunityNamed('T Ash').id}`, { Amount: 1 })).body[0].errorCode).toBe('INVALID_FIELD');
    org.sandbox.hideField('Opportunity', 'Amount', 'read-only');
    expect((await org.query('SELECT Amount FROM Opportunity')).status).toBe(200);
    expect((await org.api('PATCH', `/sobjects/Opportunity/${org.sandbox.opportunityNamed('T Ash').id}`, { Amount: 1 })).body[0].errorCode).toBe('INVALID_FIELD_FOR_INSERT_UPDATE');
    org.sandbox.hideField('Opportunity', 'Amount', 'visible');
    expect((await org.query('SELECT Amount FROM Opportunity')).status).toBe(200);
  });
});
