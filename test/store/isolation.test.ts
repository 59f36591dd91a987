import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '#lib/root';
import * as cursors from '#store/cursors';
import type { Db, Tx } from '#store/database';
import * as envelopes from '#store/envelopes';
import * as grounds from '#store/grounds';
import * as inbox from '#store/inbox';
import * as installs from '#store/installs';
import * as ledger from '#store/ledger';
import * as mappings from '#store/mappings';
import * as outbox from '#store/outbox';
import * as people from '#store/people';
import * as traces from '#store/traces';
import * as sessions from '#store/sessions';
import * as view from '#store/view';
import type { TenantId } from '#core/ids';
import { openTestDatabase, type DatabaseName, type TestDatabase } from './databases.ts';
import { ADA, auditEntry, dump, fact, install, NOW, notice, put, putAccount, putEnvelope, receipt, sealer, write, type Account } from './fixtures.ts';

const FOLDER = join(projectRoot, 'src/store');

/** Everything that a tenant can own, and the ids that name it. */
async function furnish(db: Db, account: Account) {
  const { tenant, crm, sign } = account;
  const envelope = await putEnvelope(db, account, [ADA], { remote: 'remote-of-a', intent: 'intent-of-a', correlation: 'cor_of_a', reason: 'Said by Ada.' });
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
  const row = await db.selectFrom('inbox').selectAll().where('id', '=', dead.id).executeTakeFirstOrThrow();
  const found = await envelopes.getEnvelope(db, tenant, envelope);
  const send = (await mappings.activeMappings(db, tenant)).get('send');
  const [recipient] = found.recipients;
  if (!send || !recipient) throw new Error('There is a mapping and a recipient.');
  return { ...account, envelope, recipients: found.recipients, recipient: recipient.id, effect: done, parked: parked.id, notice: row, mapping: send, cursor };
}
type A = Awaited<ReturnType<typeof furnish>>;
type Case = (db: Tx, b: TenantId, a: A) => Promise<unknown>;
const ask = { limit: 10 };

/** How each function is asked by another tenant for what is A's. A function of the store that takes a tenant and is missing here fails the test. */
const CASES: Record<string, Case> = {
  'cursors.ensureCursor': (db, b, a) => cursors.ensureCursor(db, b, a.crm.id, 'changes', NOW + 5),
  'cursors.countGap': (db, b, a) => cursors.countGap(db, b, a.crm.id),
  'cursors.hurryCursor': (db, b, a) => cursors.hurryCursor(db, b, a.crm.id, 0),
  'envelopes.adoptRemote': (db, b, a) => envelopes.adoptRemote(db, b, a.envelope, 'taken'),
  'envelopes.isOvertaken': (db, b, a) => envelopes.isOvertaken(db, b, { deal: 'deal-of-a', id: a.envelope }),
  'envelopes.findEnvelope': (db, b, a) => envelopes.findEnvelope(db, b, a.envelope),
  'envelopes.getEnvelope': (db, b, a) => envelopes.getEnvelope(db, b, a.envelope),
  'envelopes.findEnvelopeByRemote': (db, b, a) => envelopes.findEnvelopeByRemote(db, b, a.sign.id, 'remote-of-a'),
  'envelopes.findEnvelopeByIntent': (db, b) => envelopes.findEnvelopeByIntent(db, b, 'intent-of-a'),
  'envelopes.listEnvelopesOfDeal': (db, b) => envelopes.listEnvelopesOfDeal(db, b, 'deal-1'),
  'envelopes.listOpenEnvelopesOfDeal': (db, b) => envelopes.listOpenEnvelopesOfDeal(db, b, 'deal-1'),
  'envelopes.updateEnvelope': (db, b, a) => envelopes.updateEnvelope(db, b, a.envelope, { status: 'voided' }),
  'envelopes.updateRecipient': (db, b, a) => envelopes.updateRecipient(db, b, a.recipient, { status: 'declined' }),
  'grounds.putGround': (db, b, a) => grounds.putGround(db, b, a.sign.id, 'templates', [], NOW + 5),
  'grounds.findGround': (db, b, a) => grounds.findGround(db, b, a.sign.id, 'templates'),
  'inbox.putOwnNotice': (db, b, a) => inbox.putOwnNotice(db, b, { install: a.crm.id, key: 'dead-of-a', kind: 'x', at: NOW, correlation: 'cor_b', facts: [] }, NOW),
  'inbox.putNotices': (db, b, a) => inbox.putNotices(db, b, [{ install: a.crm.id, vendor: 'a-crm', key: 'dead-of-a', kind: 'x', at: NOW, payload: '[]' }], NOW),
  'inbox.settleNotice': (db, b, a) => inbox.settleNotice(db, b, a.notice.id, { state: 'done', payload: null }),
  'inbox.reviveNotice': (db, b, a) => inbox.reviveNotice(db, b, a.notice.id, 'ready', NOW),
  'installs.listInstalls': (db, b) => installs.listInstalls(db, b),
  'installs.getInstall': (db, b, a) => installs.getInstall(db, b, a.crm.id),
  'installs.putInstall': (db, b, a) => installs.putInstall(db, b, install({ vendor: a.crm.vendor, account: a.crm.account }), () => 'stolen', NOW),
  'installs.updateInstall': (db, b, a) => installs.updateInstall(db, b, a.crm.id, { state: 'left' }),
  'installs.updateGranted': (db, b, a) => installs.updateGranted(db, b, a.crm, { name: 'taken' }),
  'installs.claimRefresh': (db, b, a) => installs.claimRefresh(db, b, a.crm, NOW),
  'ledger.lockLedger': (db, b) => ledger.lockLedger(db, b, 'facts'),
  'ledger.append': (db, b) => ledger.append(db, b, 'facts', [fact()]),
  'ledger.verifyLedger': (db, b) => ledger.verifyLedger(db, b, 'facts'),
  'mappings.activeMappings': async (db, b) => [...(await mappings.activeMappings(db, b))],
  'mappings.getMapping': (db, b, a) => mappings.getMapping(db, b, a.mapping.id),
  'mappings.listMappings': (db, b) => mappings.listMappings(db, b, 'send'),
  'mappings.putMapping': (db, b) => mappings.putMapping(db, b, 'send', 'of b', { origin: 'tenant', note: '', createdBy: 'b' }, NOW),
  'mappings.activateMapping': (db, b) => mappings.activateMapping(db, b, 'send', 1),
  'mappings.freezeMappings': (db, b, a) => mappings.freezeMappings(db, b, [a.mapping.id], NOW),
  'outbox.putEffects': (db, b, a) => outbox.putEffects(db, b, [write(a.crm, 'record-of-b', { key: a.effect.key })], { ordinal: 1, correlation: 'cor_b' }, NOW),
  'outbox.fieldsWrittenOnce': (db, b) => outbox.fieldsWrittenOnce(db, b, ['deal:1']),
  'outbox.fieldsWrittenLater': async (db, b) => [...(await outbox.fieldsWrittenLater(db, b, 'deal:record-of-a', 0))],
  'outbox.holdEffects': (db, b, a) => outbox.holdEffects(db, b, a.crm.id, true, NOW),
  'outbox.reviveEffect': (db, b, a) => outbox.reviveEffect(db, b, a.parked, { state: 'ready' }, NOW),
  'outbox.getEffect': (db, b, a) => outbox.getEffect(db, b, a.effect.id),
  'outbox.scrubEffect': (db, b, a) => outbox.scrubEffect(db, b, a.effect.id, '{}'),
  'people.sealPersonal': (db, b) => people.sealPersonal(db, sealer, b, ADA),
  'people.openPersonal': (db, b, a) => people.openPersonal(db, sealer, b, a.recipients),
  'traces.eraseTraces': (db, b, a) =>
    traces.eraseTraces(db, b, { contact: 'contact-ada', envelopes: [{ id: a.envelope, sign: a.sign.id, remote: 'remote-of-a' }], addresses: ['ada@example.com'] }),
  'people.erasePeople': (db, b) => people.erasePeople(db, sealer, b, 'contact-ada', NOW),
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
  'view.activeMappings': (db, b) => view.activeMappings(db, b),
  'view.listVersions': (db, b) => view.listVersions(db, b, 'send'),
  'view.findMapping': (db, b) => view.findMapping(db, b, 'send'),
  'view.listEffects': (db, b) => view.listEffects(db, b, { text: 'record-of-a' }, ask),
  'view.findEffect': (db, b, a) => view.findEffect(db, b, a.effect.id),
  'view.countWaiting': (db, b) => view.countWaiting(db, b),
  'view.listAlarms': (db, b) => view.listAlarms(db, b, false),
  'view.readStory': (db, b, a) => view.readStory(db, b, { correlation: 'cor_of_a', envelope: a.envelope }),
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

describe.each<DatabaseName>(['SQLite', 'PostgreSQL'])('%s: another tenant', (name) => {
  let database: TestDatabase;
  let a: A;
  let b: TenantId;
  beforeAll(async () => {
    database = await openTestDatabase(name);
    a = await furnish(database.db, await putAccount(database.db, 'Tenant A'));
    b = await installs.createTenant(database.db, 'Tenant B', NOW);
  });
  afterAll(() => database.close());

  const ofA = async (db: Db) => (await dump(db)).filter((line) => line.includes(a.tenant));
  class TakenBack extends Error {}

  it.each(Object.entries(CASES))('sees and changes nothing by %s', async (_case, run) => {
    const { db } = database;
    const before = await ofA(db);
    expect(before.length).toBeGreaterThan(15);
    const work = db.transaction().execute(async (tx) => {
      const answer = JSON.stringify(await run(tx, b, a).catch((error: unknown) => ({ refused: String(error) }))) ?? '';
      expect(answer).not.toMatch(new RegExp([a.tenant, a.crm.account, a.mapping.id, 'Tenant A', ADA.email, '"of":"a"', '-of-a', 'Said by Ada'].join('|')));
      expect(await ofA(tx)).toEqual(before);
      throw new TakenBack();
    });
    await expect(work).rejects.toThrow(TakenBack);
  });

  it('and the tenant itself sees what is its own', async () => {
    const { db } = database;
    expect(await view.findEffect(db, a.tenant, a.effect.id)).toMatchObject({ effect: { id: a.effect.id } });
    expect(await view.noticeContent(db, a.tenant, a.notice, false)).toEqual({ text: '{"of":"a"}', withheld: false });
    expect(await people.openPersonal(db, sealer, a.tenant, a.recipients)).toEqual([{ name: ADA.name, email: ADA.email }]);
    expect((await view.readStory(db, a.tenant, { correlation: 'cor_of_a', envelope: a.envelope })).facts).toHaveLength(1);
  });
});
