import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '#lib/root';
import * as attributions from '#store/attributions';
import * as callbacks from '#store/callbacks';
import * as consentTexts from '#store/consent-texts';
import * as consents from '#store/consents';
import * as cursors from '#store/cursors';
import type { Db, Tx } from '#store/database';
import * as envelopes from '#store/envelopes';
import * as frozen from '#store/frozen-writes';
import * as grounds from '#store/grounds';
import * as inbox from '#store/inbox';
import * as installs from '#store/installs';
import * as ledger from '#store/ledger';
import * as mappings from '#store/mappings';
import * as memberships from '#store/memberships';
import * as objections from '#store/objections';
import * as outbox from '#store/outbox';
import * as people from '#store/people';
import * as remains from '#store/remains';
import * as traces from '#store/traces';
import * as sessions from '#store/sessions';
import { asServer, asTenant } from '#store/scope';
import * as retention from '#store/retention';
import * as shown from '#store/shown-texts';
import * as streams from '#store/streams';
import * as touches from '#store/touches';
import * as view from '#store/view';
import * as written from '#store/written';
import { chainUntil } from '#core/frozen-attribution';
import type { TenantId } from '#core/ids';
import { openTestDatabase, type DatabaseName, type TestDatabase } from './databases.ts';
import { ADA, auditEntry, consentGiven, dump, fact, freezePoint, install, NOW, notice, put, putAccount, putEnvelope, receipt, sealer, write, type Account } from './fixtures.ts';
import { BRAKE_CASES, furnishBrakes } from './isolation-brakes.ts';
import { CAPTURE_CASES, furnishCapture } from './isolation-capture.ts';
import { ENDPOINT_CASES, furnishEndpoint } from './isolation-endpoints.ts';
import { furnishHead, PROOF_CASES } from './isolation-proof.ts';
import { openWalledDatabase, seenByServer, tryIn } from './walled.ts';

const FOLDER = join(projectRoot, 'src/store');

/** Everything that a tenant can own, and the ids that name it. */
async function furnish(db: Db, account: Account) {
  const { tenant, crm, sign } = account;
  const envelope = await putEnvelope(db, account, [ADA], { remote: 'remote-of-a', intent: 'intent-of-a', correlation: 'cor_of_a', reason: 'Said by Ada.' });
  await putEnvelope(db, account, [ADA], { remote: 'closed-of-a', status: 'completed', closed_at: NOW });
  await put(db, account, 1, write(crm, 'record-of-a', { envelope }), write(crm, 'parked-of-a'));
  await db.updateTable('outbox').set({ state: 'parked' }).where('record', '=', 'deal:parked-of-a').execute();
  await db
    .insertInto('deliveries')
    .values({ id: 'dlv_of_a', vendor: 'a-crm', received_at: NOW, headers: '{}', body: Buffer.from('{"of":"a"}'), fault: null })
    .execute();
  const dead = notice(crm, 'dead-of-a', { state: 'dead', correlation: 'cor_of_a', delivery: 'dlv_of_a' });
  const told = notice(crm, 'told-of-a', { state: 'done' });
  await db.insertInto('inbox').values([dead, told]).execute();
  const effects = await db.selectFrom('outbox').selectAll().execute();
  const [done, parked] = ['deal:record-of-a', 'deal:parked-of-a'].map((record) => effects.find((effect) => effect.record === record));
  if (!done || !parked) throw new Error('Both effects were put.');
  await db.transaction().execute(async (tx) => {
    await ledger.append(tx, tenant, 'facts', [fact({ envelope, notice: told.id, deal: 'deal-1', correlation: 'cor_of_a' })]);
    await ledger.append(tx, tenant, 'receipts', [receipt(done.id, { correlation: 'cor_of_a' })]);
    await ledger.append(tx, tenant, 'audit', [auditEntry({ subject: 'subject-of-a' })]);
  });
  await cursors.ensureCursor(db, tenant, crm.id, 'changes', NOW);
  await grounds.putGround(db, tenant, sign.id, 'templates', [{ id: 'template-of-a', name: 'Of A', roles: [], fields: [] }], NOW);
  const cursor = await db.selectFrom('cursors').selectAll().executeTakeFirstOrThrow();
  await cursors.ensureCursor(db, tenant, crm.id, cursors.STREAM, NOW);
  const row = await db.selectFrom('inbox').selectAll().where('id', '=', dead.id).executeTakeFirstOrThrow();
  const found = await envelopes.getEnvelope(db, tenant, envelope);
  const send = (await mappings.activeMappings(db, tenant, crm.vendor)).get('send');
  const [recipient] = found.recipients;
  if (!send || !recipient) throw new Error('There is a mapping and a recipient.');
  const [person] = found.recipients.map((one) => one.person);
  if (!person) throw new Error('There is a person.');
  const given = { id: 'cns_of_a' as const, act: { ...consentGiven(), source: 'source-of-a' } };
  await db.transaction().execute(async (tx) => {
    await consents.appendConsents(tx, sealer, tenant, { person, acts: [given], identity: { ...NOBODY, name: ADA.name, email: ADA.email }, correlation: 'cor_of_a' }, NOW);
    await consents.linkPerson(tx, tenant, { install: crm.id, contact: 'linked-of-a', person }, NOW);
    await consentTexts.publishText(tx, tenant, { ...TEXT, wording: 'Words -of-a.' }, 'console', NOW);
  });
  const { touch, attribution } = await db.transaction().execute(async (tx) => {
    const [one] = await touches.recordTouches(tx, tenant, person, [{ at: NOW - 1, source: 'source-of-a' }], 'api', NOW);
    if (!one) throw new Error('There is a touchpoint.');
    const data = { ...chainUntil([one], NOW), names: {}, value: null, deal: 'deal-1', rule: 'rule-of-a', template: 'Of A', owner: null, recipients: 1 };
    return { touch: one, attribution: await freezePoint(tx, tenant, { envelope, point: 'sent', at: NOW, data, why: 'A test.' }, NOW) };
  });
  await furnishHead(db, tenant);
  await callbacks.putCallback(db, tenant, { install: crm.id, callback: 'callback-of-a', deal: 'deal-of-a', created_at: NOW, expires_at: NOW });
  const [text] = await consentTexts.listTexts(db, tenant);
  if (!text) throw new Error('There is a text.');
  return {
    ...account,
    person,
    touch,
    attribution,
    text: text.id,
    envelope,
    recipients: found.recipients,
    recipient: recipient.id,
    effect: done,
    parked: parked.id,
    notice: row,
    mapping: send,
    cursor,
    ...(await furnishCapture(db, tenant, crm.id)),
    ...(await furnishBrakes(db, tenant, crm.id)),
    ...(await furnishEndpoint(db, tenant, envelope)),
  };
}
type A = Awaited<ReturnType<typeof furnish>>;
type Case = (db: Tx, b: TenantId, a: A) => Promise<unknown>;
const ask = { limit: 10 };

const NOBODY = { method: 'test', ip: null, userAgent: null };
const TEXT = { name: 'newsletter', type: 'marketing', purpose: 'newsletter', channel: 'email', locale: 'en', jurisdiction: null, title: 'News', validFrom: NOW } as const;

const OF_B = { ...chainUntil([], NOW), names: {}, value: null, deal: '', rule: '', template: '', owner: null, recipients: 1 };

/** How each function is asked by another tenant for what is A's. A function of the store that takes a tenant and is missing here fails the test. */
const CASES: Record<string, Case> = {
  ...CAPTURE_CASES,
  ...BRAKE_CASES,
  ...ENDPOINT_CASES,
  ...PROOF_CASES,
  'attributions.freezeAttribution': (db, b, a) =>
    freezePoint(db, b, { envelope: a.envelope, point: 'sent', at: NOW, data: { ...a.attribution.data, rule: 'of b', first: null, last: null }, why: '' }, NOW),
  'attributions.listFrozen': (db, b, a) => attributions.listFrozen(db, b, a.envelope),
  'attributions.getAttribution': (db, b, a) => attributions.getAttribution(db, b, a.attribution.id),
  'attributions.appendCorrection': (db, b, a) => attributions.appendCorrection(db, b, { ...a.attribution, data: OF_B }, OF_B, { by: 'b', why: '' }, NOW),
  'attributions.listAttributions': (db, b, a) => attributions.listAttributions(db, b, a.envelope),
  'frozen-writes.frozenWrites': (db, b, a) => frozen.frozenWrites(db, b, a.crm.id, ['deal:record-of-a']),
  'touches.recordTouches': (db, b, a) => touches.recordTouches(db, b, a.person, [{ at: NOW - 1, source: 'of b' }], 'api', NOW),
  'touches.touchesOf': (db, b, a) => touches.touchesOf(db, b, a.person, NOW),
  'touches.listTouches': (db, b, a) => touches.listTouches(db, b, [a.touch.id]),
  'touches.keepTouches': (db, b, a) => touches.keepTouches(db, b, { install: a.crm.id, contact: 'linked-of-a', person: 'per_of_b' }, NOW),
  'consent-texts.publishText': (db, b) => consentTexts.publishText(db, b, { ...TEXT, type: 'terms', purpose: null, channel: null, wording: 'Ours.' }, 'console', NOW),
  'consent-texts.listTexts': (db, b) => consentTexts.listTexts(db, b),
  'consent-texts.findText': (db, b, a) => consentTexts.findText(db, b, a.text),
  'consent-texts.currentText': (db, b) => consentTexts.currentText(db, b, 'newsletter', 'en', NOW),
  'callbacks.putCallback': (db, b, a) => callbacks.putCallback(db, b, { install: a.crm.id, callback: 'callback-of-a', deal: 'deal-of-b', created_at: NOW, expires_at: NOW }),
  'callbacks.findCallback': (db, b, a) => callbacks.findCallback(db, b, a.crm.id, 'callback-of-a'),
  'memberships.isMovedSince': (db, b, a) => memberships.isMovedSince(db, b, { install: a.crm.id, record: 'member:contact-of-a:List', ordinal: 0, kind: 'journey.join' }),
  'consents.appendConsents': (db, b, a) =>
    consents.appendConsents(db, sealer, b, { person: a.person, acts: [{ id: 'cns_of_b', act: consentGiven() }], identity: null, correlation: 'cor_b' }, NOW),
  'consents.listConsents': (db, b, a) => consents.listConsents(db, b, a.person),
  'consents.findConsent': (db, b) => consents.findConsent(db, b, 'cns_of_a'),
  'consents.actsOf': async (db, b, a) => [...(await consents.actsOf(db, b, [a.person]))],
  'consents.openIdentity': (db, b, a) => consents.openIdentity(db, sealer, b, { id: 'cns_of_a', person: a.person }),
  'consents.linkPerson': (db, b, a) => consents.linkPerson(db, b, { install: a.crm.id, contact: 'linked-of-a', person: 'per_of_b' }, NOW),
  'consents.findPersonOfContact': (db, b, a) => consents.findPersonOfContact(db, b, a.crm.id, 'linked-of-a'),
  'consents.contactsOf': (db, b, a) => consents.contactsOf(db, b, a.person),
  'cursors.ensureCursor': (db, b, a) => cursors.ensureCursor(db, b, a.crm.id, 'changes', NOW + 5),
  'cursors.countGap': (db, b, a) => cursors.countGap(db, b, a.crm.id),
  'cursors.hurryCursor': (db, b, a) => cursors.hurryCursor(db, b, a.crm.id, 0),
  'envelopes.adoptRemote': (db, b, a) => envelopes.adoptRemote(db, b, a.envelope, 'taken'),
  'envelopes.isOvertaken': (db, b, a) => envelopes.isOvertaken(db, b, { crm: a.crm.id, deal: 'deal-of-a', id: a.envelope }),
  'envelopes.findEnvelope': (db, b, a) => envelopes.findEnvelope(db, b, a.envelope),
  'envelopes.getEnvelope': (db, b, a) => envelopes.getEnvelope(db, b, a.envelope),
  'envelopes.listEnvelopesByRemote': (db, b, a) => envelopes.listEnvelopesByRemote(db, b, a.sign.id, ['remote-of-a']),
  'envelopes.findEnvelopeByIntent': (db, b, a) => envelopes.findEnvelopeByIntent(db, b, a.crm.id, 'intent-of-a'),
  'envelopes.listEnvelopesOfDeal': (db, b, a) => envelopes.listEnvelopesOfDeal(db, b, a.crm.id, 'deal-1'),
  'envelopes.listOpenEnvelopesOfDeal': (db, b, a) => envelopes.listOpenEnvelopesOfDeal(db, b, a.crm.id, 'deal-1'),
  'envelopes.listClosedEnvelopes': (db, b, a) => envelopes.listClosedEnvelopes(db, b, a.crm.id, { after: null, since: 0, limit: 10 }),
  'envelopes.updateEnvelope': (db, b, a) => envelopes.updateEnvelope(db, b, a.envelope, { status: 'voided' }),
  'envelopes.updateRecipient': (db, b, a) => envelopes.updateRecipient(db, b, a.recipient, { status: 'declined' }),
  'grounds.putGround': (db, b, a) => grounds.putGround(db, b, a.sign.id, 'templates', [], NOW + 5),
  'grounds.findGround': (db, b, a) => grounds.findGround(db, b, a.sign.id, 'templates'),
  'grounds.findGrounds': async (db, b, a) => (await grounds.findGrounds(db, b, [a.sign.id]))(a.sign.id, 'templates'),
  'inbox.putOwnNotice': (db, b, a) => inbox.putOwnNotice(db, b, { install: a.crm.id, key: 'dead-of-a', kind: 'x', at: NOW, correlation: 'cor_b', facts: [] }, NOW),
  'inbox.claimNoticesOf': (db, b) => inbox.claimNoticesOf(db, b, NOW, 100),
  'inbox.nextNoticeAt': (db, b) => inbox.nextNoticeAt(db, b),
  'inbox.putNotices': (db, b, a) => inbox.putNotices(db, b, [{ install: a.crm.id, vendor: 'a-crm', key: 'dead-of-a', kind: 'x', at: NOW, payload: '[]' }], NOW),
  'inbox.settleNotices': (db, b, a) => inbox.settleNotices(db, b, [{ id: a.notice.id, state: 'done', correlation: 'cor_none' }]),
  'inbox.reviveNotice': (db, b, a) => inbox.reviveNotice(db, b, a.notice.id, 'ready', NOW),
  'installs.listInstalls': (db, b) => installs.listInstalls(db, b),
  'installs.getInstall': (db, b, a) => installs.getInstall(db, b, a.crm.id),
  'installs.putInstall': (db, b, a) => installs.putInstall(db, b, install({ vendor: a.crm.vendor, account: a.crm.account }), () => 'stolen', NOW),
  'installs.updateInstall': (db, b, a) => installs.updateInstall(db, b, a.crm.id, { state: 'left' }),
  'installs.updateGranted': (db, b, a) => installs.updateGranted(db, b, a.crm, { name: 'taken' }),
  'installs.claimRefresh': (db, b, a) => installs.claimRefresh(db, b, a.crm, NOW),
  'ledger.lockLedger': (db, b) => ledger.lockLedger(db, b, 'facts'),
  'ledger.openLedger': async (db, b) => (await ledger.openLedger(db, b, 'facts')).write(),
  'ledger.append': (db, b) => ledger.append(db, b, 'facts', [fact()]),
  'ledger.verifyLedger': (db, b) => ledger.verifyLedger(db, b, 'facts'),
  'mappings.activeMappings': async (db, b, a) => [...(await mappings.activeMappings(db, b, a.crm.vendor))],
  'mappings.getMapping': (db, b, a) => mappings.getMapping(db, b, a.mapping.id),
  'mappings.listMappings': (db, b, a) => mappings.listMappings(db, b, a.crm.vendor, 'send'),
  'mappings.putMapping': (db, b, a) => mappings.putMapping(db, b, a.crm.vendor, 'send', 'of b', { origin: 'tenant', note: '', createdBy: 'b' }, NOW),
  'mappings.activateMapping': (db, b, a) => mappings.activateMapping(db, b, a.crm.vendor, 'send', 1),
  'mappings.freezeMappings': (db, b, a) => mappings.freezeMappings(db, b, [a.mapping.id], NOW),
  'objections.introducePerson': (db, b, a) => objections.introducePerson(db, b, { install: a.crm.id, contact: 'linked-of-a', person: 'per_of_b' }, NOW),
  'objections.actsOfContacts': async (db, b, a) => [...(await objections.actsOfContacts(db, b, a.crm.id, [{ contact: 'linked-of-a', person: a.person }])).values()],
  'objections.carryObjections': (db, b, a) => objections.carryObjections(db, b, a.person, 'per_of_b', NOW),
  'outbox.putEffects': (db, b, a) => outbox.putEffects(db, b, [write(a.crm, 'record-of-b', { key: a.effect.key })], { ordinal: 1, correlation: 'cor_b' }, NOW),
  'written.fieldsWrittenOnce': (db, b) => written.fieldsWrittenOnce(db, b, ['deal:1']),
  'written.fieldWrites': (db, b, a) => written.fieldWrites(db, b, a.crm.id, 'deal:1', 'esign_status'),
  'written.fieldsWrittenLater': async (db, b) => [...(await written.fieldsWrittenLater(db, b, 'deal:record-of-a', 0))],
  'outbox.holdEffects': (db, b, a) => outbox.holdEffects(db, b, a.crm.id, true, NOW),
  'outbox.reviveEffect': (db, b, a) => outbox.reviveEffect(db, b, a.parked, { state: 'ready' }, NOW),
  'outbox.getEffect': (db, b, a) => outbox.getEffect(db, b, a.effect.id),
  'remains.scrubEffect': (db, b, a) => remains.scrubEffect(db, b, a.effect.id, '{}'),
  'people.ensurePerson': (db, b) => people.ensurePerson(db, sealer, b, ADA.email),
  'people.findPersonByEmail': (db, b) => people.findPersonByEmail(db, sealer, b, ADA.email),
  'people.personSealer': async (db, b, a) => {
    const { key } = await db.selectFrom('persons').select('key').where('id', '=', a.person).executeTakeFirstOrThrow();
    return people.personSealer(sealer, b, a.person, key ?? '');
  },
  'people.sealPersonal': (db, b) => people.sealPersonal(db, sealer, b, ADA),
  'people.openPersonal': (db, b, a) => people.openPersonal(db, sealer, b, a.recipients),
  'streams.claimStream': (db, b, a) => streams.claimStream(db, b, a.crm.id, NOW, NOW + 1000),
  'traces.eraseTraces': (db, b, a) =>
    traces.eraseTraces(db, b, { contact: 'contact-ada', envelopes: [{ id: a.envelope, sign: a.sign.id, remote: 'remote-of-a' }], addresses: ['ada@example.com'] }),
  'people.erasePeople': (db, b) => people.erasePeople(db, sealer, b, 'contact-ada', NOW),
  'retention.sweepNotices': (db, b) => retention.sweepNotices(db, b, NOW * 2),
  'retention.sweepEffects': (db, b) => retention.sweepEffects(db, b, NOW * 2),
  'shown-texts.shownTexts': (db, b) => shown.shownTexts(db, b, ['newsletter'], NOW),
  'shown-texts.textNames': (db, b) => shown.textNames(db, b),
  'sessions.openSession': async (db, b) => sessions.findSession(db, (await sessions.openSession(db, b, NOW)).cookie, NOW),
  'view.listEnvelopes': (db, b) => view.listEnvelopes(db, b, { text: 'remote-of-a' }, ask),
  'view.countEnvelopes': (db, b) => view.countEnvelopes(db, b),
  'view.findEnvelopeDetail': (db, b, a) => view.findEnvelopeDetail(db, b, a.envelope),
  'view.findEnvelopeOfStory': (db, b) => view.findEnvelopeOfStory(db, b, 'cor_of_a'),
  'view.listNotices': (db, b) => view.listNotices(db, b, {}, ask),
  'view.findNotice': (db, b, a) => view.findNotice(db, b, a.notice.id),
  'view.noticeContent': (db, b, a) => view.noticeContent(db, b, a.notice, false),
  'view.listInstalls': (db, b) => view.listInstalls(db, b),
  'view.findInstall': (db, b, a) => view.findInstall(db, b, a.crm.id),
  'view.stageLabels': async (db, b) => [...(await view.stageLabels(db, b))],
  'view.ledgerHeads': (db, b) => view.ledgerHeads(db, b),
  'view.listAudit': (db, b) => view.listAudit(db, b, {}, ask),
  'view.activeMappings': (db, b, a) => view.activeMappings(db, b, a.crm.vendor),
  'view.listVersions': (db, b, a) => view.listVersions(db, b, a.crm.vendor, 'send'),
  'view.findMapping': (db, b, a) => view.findMapping(db, b, a.crm.vendor, 'send'),
  'view.listEffects': (db, b) => view.listEffects(db, b, { text: 'record-of-a' }, ask),
  'view.findEffect': (db, b, a) => view.findEffect(db, b, a.effect.id),
  'view.countWaiting': (db, b) => view.countWaiting(db, b),
  'view.listAlarms': (db, b) => view.listAlarms(db, b, false),
  'view.readStory': (db, b, a) => view.readStory(db, b, { correlation: 'cor_of_a', envelope: a.envelope }),
  'view.readReport': (db, b) => view.readReport(db, b, { from: 0, to: NOW * 2 }, true),
  'view.findTenant': (db, b) => view.findTenant(db, b),
};

/** Functions of the store, all its files, whose own parameters name a tenant. */
async function takingTenant(): Promise<string[]> {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.ts'));
  const found = files.map(async (file) => {
    const exported = (await import(/* @vite-ignore */ join(FOLDER, file))) as Record<string, unknown>;
    const names = Object.keys(exported).filter((name) => typeof exported[name] === 'function' && /^[^{]*?\([^{)]*\btenant\b/.test(String(exported[name])));
    return names.map((name) => `${file.replace('.ts', '')}.${name}`);
  });
  return (await Promise.all(found)).flat();
}

it('every function of the store that takes a tenant is asked here', async () => {
  expect((await takingTenant()).sort()).toEqual(Object.keys(CASES).sort());
});

const WALLED = 'PostgreSQL behind its second wall';

describe.each<DatabaseName | typeof WALLED>(['SQLite', 'PostgreSQL', WALLED])('%s: another tenant', (name) => {
  let database: TestDatabase;
  let a: A;
  let b: TenantId;
  beforeAll(async () => {
    const { db } = (database = await (name === WALLED ? openWalledDatabase() : openTestDatabase(name)));
    a = await asServer(async () => furnish(db, await putAccount(db, 'Tenant A')));
    b = await asServer(() => installs.createTenant(db, 'Tenant B', NOW));
  });
  afterAll(() => database.close());

  const ofA = async (db: Db) => (await dump(db)).filter((line) => line.includes(a.tenant));
  class TakenBack extends Error {}

  it.each(Object.entries(CASES))('sees and changes nothing by %s', async (_case, run) => {
    const { db } = database;
    const before = await asServer(() => ofA(db));
    expect(before.length).toBeGreaterThan(15);
    const trying = (work: (tx: Tx) => Promise<never>) => asTenant(b, () => db.transaction().execute(work));
    const work = trying(async (tx) => {
      const answer = JSON.stringify(await tryIn(tx, () => run(tx, b, a)).catch((error: unknown) => ({ refused: String(error) }))) ?? '';
      expect(answer).not.toMatch(new RegExp([a.tenant, a.crm.account, a.mapping.id, 'Tenant A', ADA.email, '"of":"a"', '-of-a', 'Said by Ada'].join('|')));
      expect(await seenByServer(tx, () => ofA(tx))).toEqual(before);
      throw new TakenBack();
    });
    await expect(work).rejects.toThrow(TakenBack);
  });

  it('and the tenant itself sees what is its own', async () => {
    const { db } = database;
    const asA = <T>(look: () => Promise<T>) => asTenant(a.tenant, look);
    expect(await asA(() => view.findEffect(db, a.tenant, a.effect.id))).toMatchObject({ effect: { id: a.effect.id } });
    expect(await asA(() => view.noticeContent(db, a.tenant, a.notice, false))).toEqual({ text: '{"of":"a"}', withheld: false });
    expect(await asA(() => people.openPersonal(db, sealer, a.tenant, a.recipients))).toEqual([{ name: ADA.name, email: ADA.email }]);
    expect((await asA(() => view.readStory(db, a.tenant, { correlation: 'cor_of_a', envelope: a.envelope }))).facts).toHaveLength(1);
  });
});
