import { expect, it } from 'vitest';
import { newId } from '#lib/ids';
import { ENVELOPE_STATUSES } from '#core/envelope';
import type { Db } from '#store/database';
import {
  findEnvelope,
  findEnvelopeByIntent,
  listEnvelopesByRemote,
  getEnvelope,
  isOvertaken,
  listClosedEnvelopes,
  listEnvelopesOfDeal,
  listOpenEnvelopesOfDeal,
  updateEnvelope,
  updateRecipient,
  type EnvelopeWithRecipients,
} from '#store/envelopes';
import { activateMapping, activeMappings, freezeMappings, getMapping, listMappings, putMapping, type MappingKind } from '#store/mappings';
import type { EnvelopeId, TenantId } from '#core/ids';
import { putInstall, type Install } from '#store/installs';
import { eachDatabase } from './databases.ts';
import { ADA, BEN, install, NOW, putAccount, putEnvelope } from './fixtures.ts';

const CRM = 'a-crm';
const save = (db: Db, tenant: TenantId, text: string, kind: MappingKind = 'send', crm = CRM) =>
  db.transaction().execute((tx) => putMapping(tx, tenant, crm, kind, text, { origin: 'tenant', note: '', createdBy: 'ops' }, NOW));

eachDatabase((_name, open) => {
  it('an intent is one envelope for ever, of any number that are made at once; another tenant has its own', async () => {
    const { db, peers } = await open();
    const [a, b] = [await putAccount(db), await putAccount(db)];
    const intent = 'stage|deal-1|sales|contract|1';
    const made = await Promise.allSettled(peers(4).map((peer) => putEnvelope(peer, a, [ADA], { intent })));
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await putEnvelope(db, b, [], { intent });
    expect(await db.selectFrom('recipients').selectAll().execute()).toHaveLength(1);
    expect((await findEnvelopeByIntent(db, a.tenant, a.crm.id, intent))?.recipients).toMatchObject([{ role: 'Buyer' }]);
    expect(await findEnvelopeByIntent(db, a.tenant, a.crm.id, 'another')).toBeUndefined();
  });

  it("a provider's id names one envelope of one account", async () => {
    const { db } = await open();
    const [a, b] = [await putAccount(db), await putAccount(db)];
    const first = await putEnvelope(db, a, [], { remote: 'remote-1' });
    const second = await putEnvelope(db, a);
    await expect(updateEnvelope(db, a.tenant, second, { remote: 'remote-1' })).rejects.toThrow();
    await putEnvelope(db, b, [], { remote: 'remote-1' });
    expect((await listEnvelopesByRemote(db, a.tenant, a.sign.id, ['remote-1', 'unknown'])).map(({ envelope }) => envelope.id)).toEqual([first]);
    expect(await listEnvelopesByRemote(db, a.tenant, b.sign.id, ['remote-1'])).toEqual([]);
  });

  it('an envelope comes with its recipients in routing order, and changes as told', async () => {
    const { db } = await open();
    const account = await putAccount(db);
    const id = await putEnvelope(db, account, [BEN, ADA]);
    await putEnvelope(db, account, [ADA]);
    await updateEnvelope(db, account.tenant, id, { status: 'sent', remote: 'remote-1', sent_at: NOW });
    const [ben] = (await getEnvelope(db, account.tenant, id)).recipients;
    await updateRecipient(db, account.tenant, ben?.id ?? 'sgn_none', { status: 'viewed' });
    const found = await findEnvelope(db, account.tenant, id);
    expect(found).toMatchObject({
      envelope: { status: 'sent', remote: 'remote-1', sent_at: NOW },
      recipients: [
        { role: 'Seller', status: 'viewed' },
        { role: 'Buyer', status: 'waiting' },
      ],
    });
    await expect(getEnvelope(db, account.tenant, 'env_none')).rejects.toMatchObject({ code: 'request.not-found' });
  });

  it('open envelopes of a deal are those that are not final', async () => {
    const { db } = await open();
    const account = await putAccount(db);
    for (const status of ENVELOPE_STATUSES) await putEnvelope(db, account, [], { status });
    await putEnvelope(db, account, [], { deal: 'another' });
    const statuses = (await listOpenEnvelopesOfDeal(db, account.tenant, account.crm.id, 'deal-1')).map(({ envelope }) => envelope.status);
    expect(statuses.sort()).toEqual(['partially_signed', 'requested', 'sent', 'viewed']);
    expect(await listEnvelopesOfDeal(db, account.tenant, account.crm.id, 'deal-1')).toHaveLength(ENVELOPE_STATUSES.length);
  });

  it('what has come to its end is listed by pages, oldest first, of one CRM and from a day on', async () => {
    const { db } = await open();
    const account = await putAccount(db);
    const second = await db.transaction().execute((tx) => putInstall(tx, account.tenant, install({ vendor: 'b-crm' }), () => 'sealed', NOW));
    const closed = [];
    for (const status of ['completed', 'declined', 'voided'] as const) closed.push(await putEnvelope(db, account, [ADA], { status, closed_at: NOW }));
    await putEnvelope(db, account, [], { status: 'sent' });
    await putEnvelope(db, account, [], { status: 'completed', requested_at: NOW - 2, closed_at: NOW });
    await putEnvelope(db, { ...account, crm: second }, [], { status: 'completed', closed_at: NOW });
    const seen: string[] = [];
    for (let after: EnvelopeId | null = null; ;) {
      const page: EnvelopeWithRecipients[] = await listClosedEnvelopes(db, account.tenant, account.crm.id, { after, since: NOW - 1, limit: 2 });
      seen.push(...page.map(({ envelope, recipients }) => `${envelope.id} ${recipients.length}`));
      after = page.at(-1)?.envelope.id ?? null;
      if (page.length < 2) break;
    }
    expect(seen).toEqual(closed.sort().map((id) => `${id} 1`));
  });

  it.each(['intent', 'attribution', 'send_mapping', 'writeback_mapping', 'journey_mapping'] as const)('%s never changes once an envelope exists', async (column) => {
    const { db } = await open();
    const { tenant, ...account } = await putAccount(db);
    const id = await putEnvelope(db, { tenant, ...account });
    const before = await getEnvelope(db, tenant, id);
    await expect(updateEnvelope(db, tenant, id, { [column]: 'map_other' })).rejects.toThrow('attribution and pinned mappings never change');
    await expect(updateEnvelope(db, tenant, id, { status: 'sent', [column]: 'map_other' })).rejects.toThrow();
    expect(await getEnvelope(db, tenant, id)).toEqual(before);
  });

  it.each(['id', 'crm', 'text', 'hash', 'version', 'kind'] as const)("a mapping version's %s never changes", async (column) => {
    const { db } = await open();
    const { tenant } = await putAccount(db);
    const change = column === 'version' ? { version: 7 } : { [column]: column === 'kind' ? 'journey' : 'map_other' };
    await expect(db.updateTable('mappings').set(change).where('tenant', '=', tenant).where('kind', '=', 'send').execute()).rejects.toThrow('a mapping version never changes');
  });

  it('a version that an envelope is pinned to cannot be removed, and keeps the time of its first use', async () => {
    const { db } = await open();
    const { tenant } = await putAccount(db);
    const unused = await save(db, tenant, 'unused');
    const used = await save(db, tenant, 'used');
    const freeze = (now: number) => db.transaction().execute((tx) => freezeMappings(tx, tenant, [used.id], now));
    await freeze(NOW + 1);
    await freeze(NOW + 2);
    expect(await getMapping(db, tenant, used.id)).toMatchObject({ frozen_at: NOW + 1 });
    await expect(db.deleteFrom('mappings').where('id', '=', used.id).execute()).rejects.toThrow('pinned');
    await db.deleteFrom('mappings').where('id', '=', unused.id).execute();
  });

  it('a text is the next version and the active one; the active text again changes nothing, an older one is a version anew', async () => {
    const { db } = await open();
    const { tenant } = await putAccount(db);
    const versions = [];
    for (const text of ['one', 'two', 'two', 'one']) versions.push((await save(db, tenant, text)).version);
    expect(versions).toEqual([2, 3, 3, 4]);
    await db.transaction().execute((tx) => activateMapping(tx, tenant, CRM, 'send', 3));
    expect((await listMappings(db, tenant, CRM, 'send')).map(({ version, active }) => [version, active])).toEqual([
      [4, 0],
      [3, 1],
      [2, 0],
      [1, 0],
    ]);
    const active = await activeMappings(db, tenant, CRM);
    expect([active.get('send')?.text, active.size]).toEqual(['two', 3]);
  });

  it('versions are those of one CRM each: numbers, the active one and the list know nothing of another CRM', async () => {
    const { db } = await open();
    const { tenant } = await putAccount(db);
    const saved = [];
    for (const [text, crm] of [
      ['of the second', 'b-crm'],
      ['of the first', CRM],
      ['of the second, changed', 'b-crm'],
      // The same text as the other's active one is a version all the same.
      ['of the first', 'b-crm'],
    ] as const)
      saved.push((await save(db, tenant, text, 'send', crm)).version);
    expect(saved).toEqual([1, 2, 2, 3]);
    expect((await activeMappings(db, tenant, CRM)).get('send')).toMatchObject({ crm: CRM, version: 2, text: 'of the first' });
    expect([...(await activeMappings(db, tenant, 'b-crm')).keys()]).toEqual(['send']);
    expect((await listMappings(db, tenant, 'b-crm', 'send')).map(({ version, active }) => [version, active])).toEqual([
      [3, 1],
      [2, 0],
      [1, 0],
    ]);
    await db.transaction().execute((tx) => activateMapping(tx, tenant, 'b-crm', 'send', 1));
    expect((await activeMappings(db, tenant, CRM)).get('send')?.version).toBe(2);
    await expect(db.transaction().execute((tx) => activateMapping(tx, tenant, CRM, 'send', 3))).rejects.toMatchObject({ code: 'request.not-found' });
    await expect(db.transaction().execute((tx) => activateMapping(tx, tenant, 'c-crm', 'send', 1))).rejects.toMatchObject({ code: 'request.not-found' });
  });

  it("envelopes of a deal are those of one CRM's deal, and only such a one overtakes another", async () => {
    const { db } = await open();
    const account = await putAccount(db);
    const second = await db.transaction().execute((tx) => putInstall(tx, account.tenant, install({ vendor: 'b-crm' }), () => 'sealed', NOW));
    const old = await putEnvelope(db, account, [], { status: 'sent' });
    const other = newId('env', NOW + 1000);
    await putEnvelope(db, { ...account, crm: second }, [], { id: other, status: 'sent' });
    const idsOf = async (crm: Install) => (await listEnvelopesOfDeal(db, account.tenant, crm.id, 'deal-1')).map(({ envelope }) => envelope.id);
    expect([await idsOf(account.crm), await idsOf(second)]).toEqual([[old], [other]]);
    expect((await listOpenEnvelopesOfDeal(db, account.tenant, second.id, 'deal-1')).map(({ envelope }) => envelope.id)).toEqual([other]);
    const overtaken = () => isOvertaken(db, account.tenant, { crm: account.crm.id, deal: 'deal-1', id: old });
    expect(await overtaken()).toBe(false);
    await putEnvelope(db, account, [], { id: newId('env', NOW + 1000), status: 'sent' });
    expect(await overtaken()).toBe(true);
  });

  it('one version of a kind is active: a second one is refused, and so is one that is not there', async () => {
    const { db } = await open();
    const { tenant } = await putAccount(db);
    await save(db, tenant, 'two');
    await expect(db.updateTable('mappings').set({ active: 1 }).where('tenant', '=', tenant).where('kind', '=', 'send').execute()).rejects.toThrow();
    await expect(db.transaction().execute((tx) => activateMapping(tx, tenant, CRM, 'send', 9))).rejects.toMatchObject({ code: 'request.not-found' });
    expect((await activeMappings(db, tenant, CRM)).get('send')?.version).toBe(2);
    await expect(getMapping(db, tenant, 'map_none')).rejects.toMatchObject({ code: 'request.not-found' });
  });

  it('texts saved at once become versions one after the other, or are refused; none is lost and one is active', async () => {
    const { db, peers } = await open();
    const { tenant } = await putAccount(db);
    const saved = await Promise.allSettled(peers(4).map((peer, place) => save(peer, tenant, `text ${place}`)));
    const stored = saved.filter(({ status }) => status === 'fulfilled').length;
    const versions = await listMappings(db, tenant, CRM, 'send');
    expect(versions.map(({ version }) => version)).toEqual(Array.from({ length: stored + 1 }, (_, place) => stored + 1 - place));
    expect(versions.filter(({ active }) => active === 1)).toHaveLength(1);
  });
});
