import SQLite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHash } from 'node:crypto';
import { verifyLedger } from '#store/ledger';
import { askCard } from './card.ts';
import { consentGiven } from '../store/fixtures.ts';
import { plantDeal, type Person, type TestDeal } from './deals.ts';
import { deal as record, put, write } from './effects.ts';
import { interceptSign, isSend, postSign } from './wire.ts';
import { Problem } from '#core/problem';
import { openWorld, type TestWorld } from './world.ts';
import { LEDGERS } from '#store/ledger-schema';

const SIGNER: Person = { firstname: 'Quirina', lastname: 'Zabelworth', email: 'quirina.zabelworth@example.com' };
const OTHER: Person = { firstname: 'Ottokar', lastname: 'Vellamo', email: 'ottokar.vellamo@example.com' };
const wordsOf = ({ firstname, lastname, email }: Person): string[] => [firstname, lastname, email];

/** Everything that the database holds, a line a row, with bytes as the text that they are. */
function rowsOf(w: TestWorld, only?: readonly string[]): string[] {
  const database = new SQLite(`${w.folder}/test.db`, { readonly: true });
  const tables = database.prepare("select name from sqlite_master where type = 'table'").all() as { name: string }[];
  const lines = tables
    .filter(({ name }) => !only || only.includes(name))
    .flatMap(({ name }) =>
      (database.prepare(`select * from ${name}`).all() as Record<string, unknown>[]).map(
        (row) => `${name} ${JSON.stringify(row, (_key, value: unknown) => (isBytes(value) ? Buffer.from(value.data).toString() : value))}`,
      ),
    );
  database.close();
  return lines;
}
const isBytes = (value: unknown): value is { data: number[] } => typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer' && 'data' in value;
const naming = (lines: readonly string[], words: readonly string[]): string[] => lines.filter((line) => words.some((word) => line.includes(word)));

/** Everything that lets somebody in. */
function secretsOf(w: TestWorld): string[] {
  const { hubspot, docusign } = w.sandbox;
  const signing = docusign.state() as { accessTokens: object; refreshTokens: object };
  const tokens = [...Object.keys(hubspot.world().tokens), hubspot.world().grant?.refreshToken ?? '', ...Object.keys(signing.accessTokens), ...Object.keys(signing.refreshTokens)];
  const keys = [...w.world.flow.vendors.values()].flatMap(({ app, webhookSecrets }) => [app.clientSecret.reveal(), ...webhookSecrets.map((secret) => secret.reveal())]);
  return [...tokens, ...keys].filter((secret) => secret !== '');
}

let w: TestWorld;
let declined: TestDeal;
let voided: TestDeal;
/** What a story leaves behind in which everything happens to two people. */
beforeAll(async () => {
  w = await openWorld();
  // Whoever builds links puts addresses into campaigns.
  const touched = { hs_analytics_source: 'PAID_SEARCH', hs_analytics_source_data_2: `for ${SIGNER.email}`, hs_analytics_latest_source: 'REFERRALS' };
  declined = plantDeal(w, { person: SIGNER, properties: { dealname: 'A deal that is declined', ...touched } });
  voided = plantDeal(w, { person: SIGNER, properties: { dealname: 'A deal that is voided' } });
  const failing = plantDeal(w, { person: SIGNER, properties: { dealname: 'A deal that fails' } });
  const nameless = plantDeal(w, { person: { ...OTHER, email: '' }, properties: { dealname: 'A deal without an address' } });
  declined.move('contractsent');
  const first = await declined.sent();
  w.sandbox.docusign.open(first.envelopeId, 'Customer');
  w.sandbox.docusign.bounce(first.envelopeId, 'Customer');
  w.sandbox.docusign.decline(first.envelopeId, 'Customer', `${SIGNER.firstname} ${SIGNER.lastname} does not agree, write to ${SIGNER.email}.`);
  await declined.becomes('declined');

  const recipients = [
    { role: 'Customer', name: `${SIGNER.firstname} ${SIGNER.lastname}`, email: SIGNER.email, contact: voided.contact },
    { role: 'Countersigner', name: `${OTHER.firstname} ${OTHER.lastname}`, email: OTHER.email },
  ];
  expect((await askCard(w, 'POST', `/deals/${voided.id}/send`, { key: 'by card', recipients })).status).toBe(202);
  await voided.becomes('sent');
  const [out] = await voided.envelopes();
  expect((await askCard(w, 'POST', `/envelopes/${out?.envelope.id ?? ''}/remind`, {})).status).toBe(202);
  expect((await askCard(w, 'POST', `/envelopes/${out?.envelope.id ?? ''}/void`, { reason: `${SIGNER.lastname} is away, and ${OTHER.email} too.` })).status).toBe(202);
  await voided.becomes('voided');

  const restore = interceptSign(w, async (request, go) => {
    if (isSend(request)) throw new Problem('vendor.rejected', { facts: { message: `The address ${SIGNER.email} is refused.` } });
    return go();
  });
  failing.move('contractsent');
  await failing.becomes('failed');
  restore();
  nameless.move('contractsent');
  await nameless.becomes('blocked');
  await postSign(w, {
    event: 'envelope-purge',
    generatedDateTime: new Date(w.clock.now()).toISOString(),
    data: { envelopeId: first.envelopeId, envelopeSummary: { recipients: { signers: [{ name: SIGNER.lastname, email: SIGNER.email }] } } },
  });
  await put(w, w.tenant, [write(w.crm, { record: record(declined.id), set: { no_such_field: 'x' } })]);
  w.misbehave({ unavailable: 0.5, lostReply: 0.3 });
  await w.world.desk.dryRun(w.tenant, declined.id, {}, { key: 'try', by: 'a test' }).catch(() => undefined);
  w.behave();
  const identity = { name: `${SIGNER.firstname} ${SIGNER.lastname}`, email: SIGNER.email, method: 'api-key', ip: null, userAgent: null };
  const acts = [consentGiven(), consentGiven({ status: 'withdrawn', capturedAt: consentGiven().capturedAt + 1 })];
  await w.world.desk.reportConsent(w.tenant, { key: 'privacy', email: SIGNER.email, acts, identity }, 'a test');
  await w.settled();
});
afterAll(() => w.stop());

describe('ledgers and logs', () => {
  const people = (): string[] => [...wordsOf(SIGNER), ...wordsOf(OTHER).filter(Boolean), ...w.sandbox.hubspot.world().owners.flatMap(({ lastName, email }) => [lastName, email])];

  const BUSY = new Set(['facts', 'receipts', 'audit']);
  test.each(LEDGERS)('%s name no person', (ledger) => {
    const rows = rowsOf(w, [ledger]);
    expect(rows.length).toBeGreaterThan(BUSY.has(ledger) ? 3 : 1);
    expect(naming(rows, people())).toEqual([]);
  });
  test('the log names no person', () => {
    expect(w.logs.length).toBeGreaterThan(50);
    expect(naming(w.logs, people())).toEqual([]);
  });
  test('no table and no line of the log holds a token or a key', () => {
    const secrets = secretsOf(w);
    expect(secrets.length).toBeGreaterThan(6);
    expect(naming([...rowsOf(w), ...w.logs], secrets)).toEqual([]);
  });
  test('what is searched for would be found', () => {
    expect(naming(rowsOf(w, ['deliveries']), wordsOf(SIGNER)).length).toBeGreaterThan(0);
    expect(createHash('sha256').update(SIGNER.email).digest('hex')).not.toBe('');
    expect(naming(rowsOf(w), [createHash('sha256').update(SIGNER.email).digest('hex')])).toEqual([]);
  });
});

describe('when the CRM asks for the erasure of a person', () => {
  beforeAll(async () => {
    for (const contact of [declined.contact, voided.contact]) w.sandbox.hubspot.eraseContact(contact);
    await w.until('the erasure', async () => (await w.db.selectFrom('facts').select('seq').where('type', '=', 'person.erased').execute()).length === 2);
    await w.settled();
  });

  test('no table holds a name or an address of that person', () => {
    expect(naming(rowsOf(w), wordsOf(SIGNER)).map((line) => line.slice(0, 300))).toEqual([]);
  });
  test('the ledgers stay whole', async () => {
    for (const ledger of LEDGERS) expect(await verifyLedger(w.db, w.tenant, ledger)).toMatchObject({ ok: true });
  });
  test('what the provider still says of that person afterwards is not kept either', async () => {
    const bodies = await w.db.selectFrom('deliveries').select('body').where('body', 'is not', null).execute();
    expect(bodies.length).toBeGreaterThan(0);
    const [late] = await declined.envelopes();
    const data = {
      accountId: w.sign.account,
      envelopeId: late?.envelope.remote,
      envelopeSummary: { status: 'declined', recipients: { signers: [{ roleName: 'Customer', status: 'declined', name: SIGNER.lastname, email: SIGNER.email }] } },
    };
    await postSign(w, { event: 'envelope-declined', generatedDateTime: new Date(w.clock.now()).toISOString(), data });
    await w.until('it to be known', async () => (await w.db.selectFrom('inbox').select('state').orderBy('id', 'desc').limit(1).executeTakeFirst())?.state !== 'ready');
    await w.settled();
    expect(naming(rowsOf(w), wordsOf(SIGNER)).map((line) => line.slice(0, 300))).toEqual([]);
  });
  test('others stay as they were', async () => {
    const kept = await w.db.selectFrom('recipients').select('personal').where('role', '=', 'Countersigner').where('personal', 'is not', null).execute();
    expect(kept.length).toBeGreaterThan(0);
  });
});
