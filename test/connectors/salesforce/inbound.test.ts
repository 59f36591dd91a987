import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import { describe, expect, test } from 'vitest';
import { inbound } from '#connectors/salesforce/inbound';
import { manifest } from '#connectors/salesforce/manifest';
import { id18 } from '#connectors/salesforce/ids';
import { Problem } from '#core/problem';
import type { Json } from '#lib/json';
import { projectRoot } from '#lib/root';
import type { Notice, RawDelivery } from '#ports/inbound';

const ORG = '00D5g000000ABCDEA4';
const DEAL = '0065g0000000001AAA';
const OTHER = '0065g0000000002AAA';
const SECRET_URL = 'https://connector.example.com/webhooks/salesforce/Zk3vXqJm9wT2bLr8nYc5dHf1gPs7uAe4';
const CHANGED_AT = '2026-03-01T10:00:00.000Z';

interface Part {
  id?: string;
  record?: string;
  type?: string;
  fields?: string;
}
const notification = ({
  id = '04l5g00000000Ab',
  record = DEAL,
  type = 'sf:Opportunity',
  fields = `<sf:LastStageChangeDate>${CHANGED_AT}</sf:LastStageChangeDate><sf:StageName>Closed Won</sf:StageName>`,
}: Part = {}) =>
  `<Notification><Id>${id}</Id><sObject xsi:type="${type}" xmlns:sf="urn:sobject.enterprise.soap.sforce.com"><sf:Id>${record}</sf:Id>${fields}</sObject></Notification>`;
const message = (
  notifications = notification(),
  { org = `<OrganizationId>${ORG}</OrganizationId>`, head = '<?xml version="1.0" encoding="UTF-8"?>', ns = 'http://soap.sforce.com/2005/09/outbound' } = {},
) =>
  `${head}<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><notifications xmlns="${ns}">${org}<ActionId>04k5g000000001A</ActionId><SessionId xsi:nil="true"/><EnterpriseUrl>https://acme.my.salesforce.com/services/Soap/c/67.0/00D</EnterpriseUrl><PartnerUrl>https://acme.my.salesforce.com/services/Soap/u/67.0/00D</PartnerUrl>${notifications}</notifications></soapenv:Body></soapenv:Envelope>`;
const delivery = (body: string | Uint8Array, more: Partial<RawDelivery> = {}): RawDelivery => ({
  method: 'POST',
  url: SECRET_URL,
  headers: { 'content-type': 'text/xml; charset=utf-8' },
  body: typeof body === 'string' ? new TextEncoder().encode(body) : body,
  ...more,
});
const verify = (given: RawDelivery) => inbound.verify(given, [], 0);
const split = (body: string | Uint8Array) => inbound.split(delivery(body));
const factsOf = (notices: Notice[]) => notices.flatMap((notice) => inbound.decode(notice, { appId: '' }));
function refusal(body: string | Uint8Array): string {
  try {
    inbound.split(delivery(body));
    return 'taken';
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(Problem);
    expect((thrown as Problem).code).toBe('delivery.malformed');
    return (thrown as Problem).message;
  }
}

const folder = join(projectRoot, 'connectors/salesforce/samples');
const samples = readdirSync(folder).filter((name) => name.endsWith('.xml'));
describe('what the samples mean', () => {
  test.each(samples)('%s', (name) => {
    const facts = factsOf(split(readFileSync(join(folder, name))));
    expect(facts).toEqual(JSON.parse(readFileSync(join(folder, name.replace('.xml', '.facts.json')), 'utf8')));
  });
});

describe('an Outbound Message', () => {
  test('is a hint that the deal may stand in another stage, of an org and with a key that stay', () => {
    const [notice, ...none] = split(message());
    expect(none).toEqual([]);
    expect(notice).toEqual({
      account: ORG,
      key: `om|${id18('04l5g00000000Ab')}`,
      kind: 'outbound.Opportunity',
      at: Date.parse(CHANGED_AT),
      payload: { id: DEAL, stage: 'Closed Won' },
    });
    expect(factsOf([notice as Notice])).toEqual([
      { type: 'deal.stage-changed', at: Date.parse(CHANGED_AT), data: { deal: DEAL, stage: 'Closed Won', source: 'unknown', seenBy: 'webhook' } },
    ]);
  });
  test('sent again has the key of the first time, with the data of the second', () => {
    const again = split(message(notification({ fields: '<sf:StageName>Closed Lost</sf:StageName>' })));
    expect([again[0]?.key, again[0]?.payload]).toEqual([split(message())[0]?.key, { id: DEAL, stage: 'Closed Lost' }]);
  });
  test('names ids of 15 characters, and one form of them is kept', () => {
    const [notice] = split(message(notification({ record: DEAL.slice(0, 15) }), { org: `<OrganizationId>${ORG.slice(0, 15)}</OrganizationId>` }));
    expect([notice?.account, notice?.payload]).toEqual([ORG, { id: DEAL, stage: 'Closed Won' }]);
  });
  test('without a stage leaves it open, so that the deal is read', () => {
    expect(factsOf(split(message(notification({ fields: '' }))))).toMatchObject([{ data: { deal: DEAL, stage: null } }]);
  });
  test('may hold a hundred notifications, and no more', () => {
    const many = (count: number) => Array.from({ length: count }, (_one, index) => notification({ id: `04l5g0000000${String(index).padStart(3, '0')}` })).join('');
    const notices = split(message(many(100)));
    expect(new Set(notices.map(({ key }) => key)).size).toBe(100);
    expect(refusal(message(many(101)))).toMatch(/more than 100/);
  });
  test('of another object means nothing', () => {
    const notices = split(message(notification({ type: 'sf:Account' })));
    expect(notices.map(({ kind }) => kind)).toEqual(['outbound.Account']);
    expect(factsOf(notices)).toEqual([]);
  });
  test('carries nothing on but the stage: people who stand in it stay behind', () => {
    const [notice] = split(message(notification({ fields: '<sf:Description>Ada Byron, ada@example.com</sf:Description><sf:StageName>Closed Won</sf:StageName>' })));
    expect(JSON.stringify(notice)).not.toContain('Ada');
  });
  test('may write its values as CDATA, references and under other prefixes', () => {
    const other = message(notification({ fields: '<sf:StageName><![CDATA[Won & <signed>]]></sf:StageName>' }));
    expect(split(other)[0]?.payload).toEqual({ id: DEAL, stage: 'Won & <signed>' });
    expect(split(message(notification({ fields: '<sf:StageName>R&amp;D &#87;on</sf:StageName>' })))[0]?.payload).toEqual({ id: DEAL, stage: 'R&D Won' });
    expect(split(message().replaceAll('soapenv:', 's:').replace('xmlns:soapenv', 'xmlns:s').replaceAll('sf:', 'q:').replace('xmlns:sf', 'xmlns:q'))).toHaveLength(1);
  });
  test('is answered by an Ack that is well-formed XML of the right namespaces', () => {
    const seen: string[] = [];
    const parser = new SaxesParser({ xmlns: true });
    parser.on('opentag', ({ uri, local }) => void seen.push(`${uri} ${local}`));
    parser.on('error', (error) => expect(error).toBeUndefined());
    parser.write(manifest.webhook?.answer.body ?? '').close();
    expect(seen).toEqual([
      'http://schemas.xmlsoap.org/soap/envelope/ Envelope',
      'http://schemas.xmlsoap.org/soap/envelope/ Body',
      'http://soap.sforce.com/2005/09/outbound notificationsResponse',
      'http://soap.sforce.com/2005/09/outbound Ack',
    ]);
    expect(manifest.webhook).toMatchObject({ coversBody: false, path: 'install', answer: { status: 200, type: 'text/xml; charset=utf-8' } });
  });
});

describe('hostile XML is refused, and nothing of it is meant:', () => {
  const doctype = (inner: string) => `<?xml version="1.0"?><!DOCTYPE Envelope [${inner}]>`;
  const laughs = ['<!ENTITY a0 "ha">', ...Array.from({ length: 20 }, (_one, index) => `<!ENTITY a${index + 1} "${`&a${index};`.repeat(10)}">`)].join('');
  const cases: [string, string | Uint8Array][] = [
    ['billion laughs', message(notification({ fields: '<sf:StageName>&a20;</sf:StageName>' }), { head: doctype(laughs) })],
    ['an external entity', message(notification({ fields: '<sf:StageName>&file;</sf:StageName>' }), { head: doctype('<!ENTITY file SYSTEM "file:///etc/passwd">') })],
    ['an external subset', message(undefined, { head: '<!DOCTYPE Envelope SYSTEM "http://127.0.0.1:9/x.dtd">' })],
    ['a parameter entity', message(undefined, { head: doctype('<!ENTITY % p SYSTEM "http://127.0.0.1:9/">%p;') })],
    ['an entity of nobody', message(notification({ fields: '<sf:StageName>&x;</sf:StageName>' }))],
    ['a stylesheet', message(undefined, { head: '<?xml-stylesheet href="http://127.0.0.1:9/"?>' })],
    ['endless depth', '<a>'.repeat(50_000)],
    ['depth within the message', message(notification({ fields: '<x>'.repeat(40) + '</x>'.repeat(40) }))],
    ['another namespace', message(undefined, { ns: 'http://soap.sforce.com/2005/09/inbound' })],
    ['no namespace', '<Envelope><Body><notifications/></Body></Envelope>'],
    ['two orgs', message(undefined, { org: `<OrganizationId>${ORG}</OrganizationId><OrganizationId>00D5g000000ABCEEA4</OrganizationId>` })],
    ['no org', message(undefined, { org: '' })],
    ['an org that is none', message(undefined, { org: '<OrganizationId>42</OrganizationId>' })],
    ['elements within a value', message(undefined, { org: `<OrganizationId>${ORG}<b/></OrganizationId>` })],
    ['two lists', message().replace('</soapenv:Body>', '<notifications xmlns="http://soap.sforce.com/2005/09/outbound"/></soapenv:Body>')],
    ['two records', message(notification().replace('</Notification>', '<sObject xsi:type="sf:Opportunity" xmlns:sf="urn:sobject.enterprise.soap.sforce.com"/></Notification>'))],
    ['two ids', message(notification().replace('<Id>', '<Id>04l5g00000000Ac</Id><Id>'))],
    ['a field that stands twice', message(notification({ fields: '<sf:StageName>a</sf:StageName><sf:StageName>b</sf:StageName>' }))],
    ['a record without a type', message(notification({ type: 'Opportunity' }))],
    ['a type of another namespace', message(notification({ type: 'xsd:Opportunity' }))],
    ['a record that is none', message(notification({ record: "x' OR Id != '" }))],
    ['a value without end', message(notification({ fields: `<sf:StageName>${'a'.repeat(300)}</sf:StageName>` }))],
    ['a NUL', message(notification({ fields: '<sf:StageName>a\0b</sf:StageName>' }))],
    ['a NUL by number', message(notification({ fields: '<sf:StageName>&#0;</sf:StageName>' }))],
    ['invalid UTF-8', Buffer.concat([Buffer.from(message().slice(0, 700)), Buffer.from([0xc3, 0x28]), Buffer.from(message().slice(700))])],
    ['another encoding', message(undefined, { head: '<?xml version="1.0" encoding="UTF-16"?>' })],
    ['an end that is missing', message().slice(0, -10)],
    ['two roots', `${message()}<a/>`],
    ['nothing', ''],
    ['more than may come', `${message()}<!--${'x'.repeat(1_048_576)}-->`],
  ];
  test.each(cases)('%s', (_what, body) => {
    const begun = performance.now();
    expect(refusal(body)).not.toBe('taken');
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
  test('what it says of a refused body repeats nothing of the body', () => {
    for (const [, body] of cases) expect(refusal(body)).not.toMatch(/passwd|127\.0\.0\.1|00D5g/);
  });
  test('whatever is cut out of a message or put into it, it is a message or malformed', () => {
    const whole = message();
    const parts = ['<', '>', '"', '&', ']]>', '<![CDATA[', '<!--', '</soapenv:Body>', ' xmlns="urn:x"', '\0', '<OrganizationId>'];
    fc.assert(
      fc.property(fc.nat(whole.length), fc.nat(60), fc.constantFrom('', ...parts), (at, length, put) => {
        const answer = refusal(whole.slice(0, at) + put + whole.slice(at + length));
        return answer === 'taken' || answer.startsWith('The');
      }),
      { numRuns: 500 },
    );
  });
});

describe('what is let in', () => {
  test('comes to the secret address, as XML, and names an org', () => expect(verify(delivery(message()))).toEqual({ ok: true }));
  test.each([
    ['a guessable address', { url: 'https://connector.example.com/webhooks/salesforce/hook' }],
    ['an address with something behind it', { url: `${SECRET_URL}/` }],
    ['no address', { url: '' }],
    ['no body', { body: new Uint8Array() }],
    ['JSON', { headers: { 'content-type': 'application/json' } }],
    ['no type', { headers: {} }],
    ['another method', { method: 'GET' }],
  ] as [string, Partial<RawDelivery>][])('is not %s', (_what, more) => expect(verify(delivery(message(), more)).ok).toBe(false));
  test('is nothing that names no org', () => {
    for (const body of ['hello', message(undefined, { org: '' }), message(undefined, { org: '<OrganizationId>00d5g000000abcdea4</OrganizationId>' })])
      expect(verify(delivery(body)).ok).toBe(false);
  });
  test('never makes it fall over', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.uint8Array(), fc.webUrl(), (type, body, url) => !verify({ method: 'POST', url, headers: { 'content-type': type }, body }).ok),
    );
  });
});

describe('change events', () => {
  const AT = 1_772_359_200_000;
  const OURS = 'com/salesforce/api/rest/67.0;client=countersign';
  const decode = (payload: Json) => inbound.decode({ account: null, key: 'k', kind: 'change.Opportunity', at: AT, payload }, { appId: '' });
  const event = (more: Record<string, Json>) => ({ ids: [DEAL], changeType: 'UPDATE', origin: 'com/salesforce/api/rest/67.0;client=other', commitAt: AT, ...more });

  test('of one change to several deals are a fact for each', () => {
    expect(decode(event({ ids: [DEAL, OTHER.slice(0, 15), DEAL], stage: 'Closed Won' })).map(({ data }) => data)).toEqual([
      { deal: DEAL, stage: 'Closed Won', source: 'unknown', seenBy: 'webhook' },
      { deal: OTHER, stage: 'Closed Won', source: 'unknown', seenBy: 'webhook' },
    ]);
  });
  test('that say nothing of the stage are none', () => expect(decode(event({}))).toEqual([]));
  test('whose stage was emptied lead to a reading', () => expect(decode(event({ stage: null }))).toMatchObject([{ data: { stage: null } }]));
  test('of our own writes are known by their client, and by no other that is called alike', () => {
    expect(decode(event({ stage: 'x', origin: OURS }))).toMatchObject([{ data: { source: 'countersign' } }]);
    expect(decode(event({ stage: 'x', origin: 'com/salesforce/api/soap/67.0;client=SfdcInternalAPI/' }))).toMatchObject([{ data: { source: 'person' } }]);
    for (const origin of [`${OURS}-two`, 'com/salesforce/api/rest/67.0;client=notcountersign', 'client=countersign.example', '', null])
      expect(decode(event({ stage: 'x', origin }))).toMatchObject([{ data: { source: 'unknown' } }]);
  });
  test.each(['GAP_CREATE', 'GAP_UPDATE', 'GAP_DELETE', 'GAP_UNDELETE', 'GAP_OVERFLOW'])('%s leads to a reading of each deal that it names', (changeType) => {
    expect(decode(event({ changeType, origin: OURS }))).toMatchObject([{ type: 'deal.stage-changed', data: { deal: DEAL, stage: null, source: 'unknown' } }]);
    const { ids: _ids, ...nobody } = event({ changeType });
    expect(decode(nobody)).toEqual([]);
  });
  test('of a deletion and of a recovery', () => {
    expect(decode(event({ changeType: 'DELETE' }))).toEqual([{ type: 'deal.deleted', at: AT, data: { deal: DEAL } }]);
    expect(decode(event({ changeType: 'UNDELETE', stage: 'Qualification' }))).toMatchObject([{ data: { stage: 'Qualification' } }]);
    expect(decode(event({ changeType: 'CREATE' }))).toMatchObject([{ data: { stage: null } }]);
  });
  test.each([[{ ids: ['006*'] }], [{ ids: 'x' }], [{ ids: [5, null, {}] }], [{ changeType: 'constructor' }], [{ changeType: null }]])('that are odd (%j) are none', (more) => {
    expect(decode(event({ stage: 'x', ...more }))).toEqual([]);
  });
  test('of no kind that is known are none', () => {
    for (const kind of ['', 'constructor', '__proto__', 'change.Account', 'outbound.'])
      expect(inbound.decode({ account: ORG, key: 'k', kind, at: AT, payload: { id: DEAL, ids: [DEAL] } }, { appId: '' })).toEqual([]);
  });
});
