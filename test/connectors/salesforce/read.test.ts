import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listDeals } from '#connectors/salesforce/list';
import { readDeals } from '#connectors/salesforce/read';
import { described, field, id, page, problemOf, refusal, sandboxOrg, scriptedOrg, specOf, SYSTEM_FIELDS, type Asked, type Reply, type ScriptedOrg } from './org.ts';

const deal = (number: number) => id('006', number);
const ROW = {
  Name: 'Harbour Coffee',
  Amount: 14400,
  StageName: 'Proposal/Price Quote',
  OwnerId: id('005', 1),
  AccountId: id('001', 1),
  CreatedDate: '2026-01-02T03:04:05.000+0000',
};

/** A small org: each opportunity has two people, one account, one product and an owner. */
interface Small {
  deals: Record<string, object>;
  roles?: object[];
  leads?: object[];
}
function small({ deals, roles, leads = [] }: Small) {
  return ({ method, path, body }: Asked): Reply | undefined => {
    const ids = (body as { ids?: string[] } | undefined)?.ids ?? [];
    if (method === 'POST' && path === '/composite/sobjects/Opportunity')
      return { body: ids.map((one) => (deals[one] ? { attributes: { type: 'Opportunity' }, Id: one, ...deals[one] } : null)) };
    if (method === 'POST' && path === '/composite/sobjects/Contact')
      return { body: ids.map((one) => ({ Id: one, LastName: one === id('003', 1) ? 'Lindqvist' : 'Feld', Email: `${one.slice(14, 15)}@example.com` })) };
    if (method === 'POST' && path === '/composite/sobjects/Account') return { body: ids.map((one) => ({ Id: one, Name: 'Harbour Coffee AB' })) };
    if (method === 'POST' && path === '/composite/sobjects/OpportunityLineItem') return { body: ids.map((one) => ({ Id: one, Product2Id: id('01t', 1), Quantity: 3 })) };
    if (path.includes(' FROM Lead ')) return page(leads);
    if (/ FROM Opportunity WHERE Id IN /.test(path)) {
      return page(
        Object.keys(deals)
          .filter((one) => path.includes(one))
          .map((one) => ({
            Id: one,
            Owner: { Name: 'Sam Rivera', Email: 'sam.rivera@example.com' },
            OpportunityContactRoles: page(roles ?? [role(1, 'Signer', true), role(2, 'Decision Maker', false)]).body,
            OpportunityLineItems: page([{ Id: id('00k', 1), Product2: { Name: 'Beans' } }]).body,
          })),
      );
    }
    return undefined;
  };
}
const role = (contact: number, name: string | null, primary: boolean) => ({
  ContactId: id('003', contact),
  Role: name,
  IsPrimary: primary,
  Contact: { Email: `${contact}@example.com` },
});

let org: ScriptedOrg;
beforeEach(
  async () =>
    void (org = await scriptedOrg(small({ deals: { [deal(1)]: ROW, [deal(2)]: { ...ROW, LastStageChangeDate: '2026-03-01T10:00:00.000+0000', RecordTypeId: id('012', 7) } } }))),
);
afterEach(() => org.stop());

describe('reading', () => {
  test('brings an opportunity with all that stands around it, typed', async () => {
    const [snapshot] = await readDeals(org.call, [deal(1)]);
    expect(snapshot?.deal).toMatchObject({
      id: deal(1),
      name: 'Harbour Coffee',
      stage: 'Proposal/Price Quote',
      pipeline: '012000000000000AAA',
      fields: { Amount: 14400, CreatedDate: '2026-01-02T03:04:05.000Z', Esign_Status__c: null },
      url: `${org.baseUrl}/lightning/r/Opportunity/${deal(1)}/view`,
    });
    expect(snapshot?.contacts.map(({ fields, labels, primary }) => [fields.LastName, labels, primary])).toEqual([
      ['Lindqvist', ['Signer'], true],
      ['Feld', ['Decision Maker'], false],
    ]);
    expect(snapshot?.company).toEqual({ id: id('001', 1), fields: expect.objectContaining({ Name: 'Harbour Coffee AB' }) as unknown });
    expect(snapshot?.lines[0]?.fields).toMatchObject({ Quantity: 3, ProductName: 'Beans' });
    expect(snapshot?.owner).toEqual({ id: id('005', 1), name: 'Sam Rivera', email: 'sam.rivera@example.com' });
  });

  test('dates the stage by its last change, or by when the opportunity was made, and names its record type', async () => {
    const [second, first] = await readDeals(org.call, [deal(2), deal(1)]);
    expect(second?.deal).toMatchObject({ enteredAt: Date.parse('2026-03-01T10:00:00Z'), pipeline: id('012', 7) });
    expect(first?.deal.enteredAt).toBe(Date.parse('2026-01-02T03:04:05Z'));
  });

  test('keeps the order asked, takes both forms of an id, each once, and leaves out what is gone or no id', async () => {
    const read = await readDeals(org.call, [deal(2), 'x', '999999999', deal(3), deal(1).slice(0, 15), deal(1)]);
    expect(read.map((one) => one.deal.id)).toEqual([deal(2), deal(1)]);
    expect(await org.callsOf(() => readDeals(org.call, ['999999999']))).toBe(0);
  });

  test('costs two calls for 200, once the org is known', async () => {
    const ids = Array.from({ length: 200 }, (_, index) => deal(index + 1));
    org.answers(small({ deals: Object.fromEntries(ids.map((one) => [one, ROW])) }));
    await readDeals(org.call, ids);
    let read: unknown[] = [];
    expect(await org.callsOf(async () => (read = await readDeals(org.call, ids)))).toBe(2);
    expect(read).toHaveLength(200);
  });

  test('a person with two roles is one contact, and the only one is the primary', async () => {
    const read = async (roles: object[]) => {
      org.answers(small({ deals: { [deal(1)]: ROW }, roles }));
      return (await readDeals(org.call, [deal(1)]))[0]?.contacts.map(({ labels, primary }) => [labels, primary]);
    };
    expect(await read([role(1, 'Signer', false), role(1, 'Decision Maker', false)])).toEqual([[['Signer', 'Decision Maker'], true]]);
    expect(await read([role(1, null, false), role(2, 'Signer', false)])).toEqual([
      [[], false],
      [['Signer'], false],
    ]);
  });

  test('an open lead of the same address is named, whatever its letters', async () => {
    const lead = id('00Q', 1);
    org.answers(small({ deals: { [deal(1)]: ROW }, leads: [{ Id: lead, Email: '1@Example.COM' }] }));
    const [snapshot] = await readDeals(org.call, [deal(1)]);
    expect(snapshot?.contacts.map((contact) => contact.lead)).toEqual([lead, undefined]);
    expect(org.queries().find((soql) => soql.includes('FROM Lead'))).toContain("IsConverted = false AND Email IN ('1@example.com','2@example.com')");
  });

  test('asks for what the org has only: no leads, products or addresses where they are hidden', async () => {
    const script = small({ deals: { [deal(1)]: ROW } });
    org.answers((asked) => {
      if (/^\/sobjects\/(Lead|OpportunityLineItem)\/describe/.test(asked.path)) return refusal(404, 'NOT_FOUND');
      if (asked.path === '/sobjects/Contact/describe') return described('Contact', '', (fields) => fields.filter(({ name }) => name !== 'Email'));
      return script(asked);
    });
    await readDeals(org.call, [deal(1)]);
    expect(org.queries().join(' ')).not.toMatch(/FROM Lead|OpportunityLineItems|Contact\.Email/);
    const contact = org.asked.find(({ path }) => path === '/composite/sobjects/Contact');
    expect((contact?.body as { fields: string[] }).fields).not.toContain('Email');
  });

  test('a field that went since the org was described costs another look, not the read', async () => {
    const script = small({ deals: { [deal(1)]: ROW } });
    let gone = false;
    org.answers((asked) => {
      if (asked.path === '/sobjects/Opportunity/describe') return described('Opportunity', '', (fields) => (gone ? fields : [...fields, field('Old__c')]));
      if (gone && asked.path === '/composite/sobjects/Opportunity' && (asked.body as { fields: string[] }).fields.includes('Old__c'))
        return refusal(400, 'INVALID_FIELD', "No such column 'Old__c' on sobject of type Opportunity");
      return script(asked);
    });
    await readDeals(org.call, [deal(1)]);
    gone = true;
    const [snapshot] = await readDeals(org.call, [deal(1)]);
    expect(snapshot?.deal.fields).not.toHaveProperty('Old__c');
  });

  test('relations with more than a page are read to their end', async () => {
    const script = small({ deals: { [deal(1)]: ROW } });
    org.answers((asked) => {
      if (asked.path === '/query/roles-2') return page([role(2, 'Signer', false)]);
      const reply = script(asked);
      if (!/ FROM Opportunity WHERE/.test(asked.path)) return reply;
      const [record] = (reply?.body as { records: object[] }).records;
      return page([{ ...record, OpportunityContactRoles: { done: false, nextRecordsUrl: '/services/data/v67.0/query/roles-2', records: [role(1, null, true)] } }]);
    });
    expect((await readDeals(org.call, [deal(1)]))[0]?.contacts).toHaveLength(2);
  });

  test('tells what Salesforce counted of the day', async () => {
    await readDeals(org.call, [deal(1)]);
    expect(org.call.quotas.at(-1)).toEqual({ used: 3, limit: 15000 });
  });

  test('an answer that is none is said to be odd', async () => {
    const script = small({ deals: { [deal(1)]: ROW } });
    org.answers((asked) => (asked.path === '/composite/sobjects/Opportunity' ? { body: { not: 'a list' } } : script(asked)));
    expect((await problemOf(readDeals(org.call, [deal(1)]))).code).toBe('vendor.odd-answer');
  });

  test('names standard fields that Salesforce documents', async () => {
    await readDeals(org.call, [deal(1)]);
    const around = org.queries().find((soql) => soql.includes('OpportunityContactRoles')) ?? '';
    const [, roles = '', lines = ''] = /\(SELECT (.*?) FROM OpportunityContactRoles.*\(SELECT (.*?) FROM OpportunityLineItems/.exec(around) ?? [];
    const unknown = (object: string, list: string) => list.split(', ').filter((name) => !name.includes('.') && !(name in specOf(object)) && !SYSTEM_FIELDS.includes(name));
    expect([unknown('OpportunityContactRole', roles), unknown('OpportunityLineItem', lines)]).toEqual([[], []]);
    expect(unknown('Lead', 'Email, IsConverted')).toEqual([]);
    expect(unknown('Opportunity', 'Name, StageName, AccountId, OwnerId, RecordTypeId, LastStageChangeDate')).toEqual([]);
    expect(specOf('Opportunity').LastStageChangeDate?.type).toBe('datetime');
  });
});

describe('listing', () => {
  const found = (rows: object[]) => org.answers(({ path }) => (/ FROM Opportunity (WHERE|ORDER)/.test(path) ? page(rows) : undefined));

  test('is newest first, of the fields that the org has', async () => {
    found([{ Id: deal(1), ...ROW }]);
    const list = await listDeals(org.call, { limit: 3 });
    expect(list).toEqual([{ id: deal(1), name: 'Harbour Coffee', stage: 'Proposal/Price Quote', fields: expect.objectContaining({ Amount: 14400 }) as unknown }]);
    const soql = org.queries().at(-1) ?? '';
    expect(soql).toMatch(/^SELECT Id, .*ORDER BY CreatedDate DESC, Id DESC LIMIT 3$/);
    expect(soql).not.toContain('CurrencyIsoCode');
  });

  test("a name's own wildcards and quotes stand for themselves", async () => {
    found([]);
    expect(await listDeals(org.call, { text: " 50%_o'x\\", limit: 5000 })).toEqual([]);
    expect(org.queries().at(-1)).toContain("WHERE Name LIKE '%50\\%\\_o\\'x\\\\%' ");
    expect(org.queries().at(-1)).toMatch(/LIMIT 200$/);
  });
});

describe('reading the sandbox', () => {
  let real: Awaited<ReturnType<typeof sandboxOrg>>;
  beforeEach(async () => void (real = await sandboxOrg()));
  afterEach(() => real.stop());

  test('brings people, products, owner and account of a real-looking deal, in two calls', async () => {
    const deals = real.sandbox.records('Opportunity');
    await readDeals(real.call, [deals[0]?.id ?? '']);
    let read: Awaited<ReturnType<typeof readDeals>> = [];
    expect(
      await real.callsOf(
        async () =>
          (read = await readDeals(
            real.call,
            deals.map((one) => one.id),
          )),
      ),
    ).toBe(2);
    expect(read.map((one) => one.deal.id)).toEqual(deals.map((one) => one.id));
    for (const [index, { deal: one, contacts, company, lines, owner }] of read.entries()) {
      expect(one).toMatchObject({ name: deals[index]?.values.Name, stage: deals[index]?.values.StageName, pipeline: deals[index]?.values.RecordTypeId ?? '012000000000000AAA' });
      expect(one.enteredAt).toBeGreaterThan(0);
      expect(contacts.map((contact) => contact.id).sort()).toEqual(
        real.sandbox
          .contactsOf(one.id)
          .map((contact) => contact.id)
          .sort(),
      );
      expect([company?.fields.Name, owner?.email]).toEqual([expect.any(String), expect.stringContaining('@')]);
      expect(lines.every(({ fields }) => typeof fields.ProductName === 'string' && typeof fields.Quantity === 'number')).toBe(true);
    }
  });

  test('finds the open lead of a contact, and none that was converted', async () => {
    const lead = real.sandbox.records('Lead')[0];
    const leads = async () =>
      (
        await readDeals(
          real.call,
          real.sandbox.records('Opportunity').map((one) => one.id),
        )
      ).flatMap(({ contacts }) => contacts.flatMap((contact) => contact.lead ?? []));
    expect(await leads()).toEqual([lead?.id]);
    real.sandbox.remove(lead?.id ?? '');
    expect(await leads()).toEqual([]);
  });

  test('goes on where a field is hidden between two reads, and a removed deal is left out', async () => {
    const [first, second] = real.sandbox.records('Opportunity').map((one) => one.id);
    await readDeals(real.call, [first ?? '']);
    real.sandbox.hideField('Opportunity', 'Contract_Term_Months__c', 'hidden');
    real.sandbox.remove(first ?? '');
    const read = await readDeals(real.call, [first ?? '', second ?? '']);
    expect(read.map((one) => one.deal.id)).toEqual([second]);
    expect(read[0]?.deal.fields).not.toHaveProperty('Contract_Term_Months__c');
  });

  test('knows currencies where the org has several', async () => {
    const several = await sandboxOrg({ multiCurrency: true });
    const [one] = await readDeals(several.call, [several.sandbox.records('Opportunity')[0]?.id ?? '']);
    expect(one?.deal.fields.CurrencyIsoCode).toMatch(/^[A-Z]{3}$/);
    const [plain] = await readDeals(real.call, [real.sandbox.records('Opportunity')[0]?.id ?? '']);
    expect(plain?.deal.fields).not.toHaveProperty('CurrencyIsoCode');
    await several.stop();
  });
});
