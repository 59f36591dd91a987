import { newId } from '#lib/ids';
import { sha256 } from '#lib/hmac';
import type { EffectData, EffectKind } from '#core/effect';
import type { EnvelopeStatus, RecipientStatus } from '#core/envelope';
import type { FactData, FactType } from '#core/fact';
import type { Correlation, EffectId, EnvelopeId, InstallId, MappingId, TenantId } from '#core/ids';
import { append, type Entry } from '#store/ledger';
import type { OutboxTable } from '#store/schema';
import type { World } from './world.ts';

const MINUTE = 60_000;

interface StorySeed {
  tenant: TenantId;
  crm: InstallId;
  sign: InstallId;
  envelope: EnvelopeId;
  correlation: Correlation;
  mapping: MappingId;
}

export async function seedStory(world: World, of: StorySeed): Promise<{ parked: EffectId }> {
  const { db, clock } = world;
  const start = clock.now() - 42 * MINUTE;
  const fact = <Type extends FactType>(type: Type, afterMs: number, data: FactData[Type], why: string, outcome: 'moved' | 'noted' = 'moved'): Entry<'facts'> => ({
    id: newId('fct', start + afterMs),
    type,
    at: start + afterMs - 400,
    recorded_at: start + afterMs,
    notice: null,
    envelope: of.envelope,
    deal: '9000000042',
    correlation: of.correlation,
    data: JSON.stringify(data),
    outcome,
    why,
  });
  const ordinal = { next: 1000 };
  const effect = async <Kind extends EffectKind>(kind: Kind, install: InstallId, afterMs: number, data: EffectData[Kind], why: string, over: Partial<OutboxTable> = {}) => {
    const id = newId('eff', start + afterMs);
    const row = {
      tenant: of.tenant,
      id,
      key: `${kind}|${id}`,
      ordinal: ordinal.next++,
      install,
      kind,
      data: JSON.stringify(data),
      record: kind === 'record.write' ? 'deal:9000000042' : null,
      priority: 5,
      state: 'done' as const,
      run_at: start + afterMs,
      attempts: 1,
      epoch: 1,
      envelope: of.envelope,
      correlation: of.correlation,
      why,
      error: null,
      created_at: start + afterMs,
      updated_at: start + afterMs,
    };
    await db
      .insertInto('outbox')
      .values({ ...row, ...over })
      .execute();
    return id;
  };
  const receipt = (kind: EffectKind, id: EffectId, afterMs: number, outcome: Entry<'receipts'>['outcome'], detail: object, remote: string | null = null): Entry<'receipts'> => ({
    id: newId('rcp', start + afterMs),
    effect: id,
    kind,
    at: start + afterMs,
    outcome,
    envelope: of.envelope,
    correlation: of.correlation,
    remote,
    mapping: kind === 'record.write' ? of.mapping : null,
    request_hash: sha256(id),
    detail: JSON.stringify(detail),
  });
  const read = await effect(
    'deal.read',
    of.crm,
    40,
    { deal: '9000000042', purpose: { kind: 'stage', seenBy: 'webhook' } },
    'The webhook is only a hint: the deal is read again before anything is decided.',
  );
  const create = await effect('envelope.create', of.sign, 900, { envelope: of.envelope }, 'Rule contract-sent: the deal reached “Contract sent” and its amount is above 0.');
  const sent = await effect(
    'record.write',
    of.crm,
    3100,
    { record: { type: 'deal', id: '9000000042' }, set: { countersign_status: 'sent', countersign_waiting_for: 'Customer' } },
    'Write-back rule status: the deal says so.',
  );
  const parked = await effect(
    'record.write',
    of.crm,
    31 * MINUTE,
    { record: { type: 'deal', id: '9000000042' }, set: { countersign_signed_on: '2026-31-11', amount: 48000, countersign_done: false }, once: [] },
    'Write-back rule signed: the Customer signed.',
    {
      state: 'parked',
      attempts: 3,
      error: JSON.stringify({
        code: 'vendor.rejected',
        say: 'HubSpot refused the date of countersign_signed_on.',
        facts: { field: 'countersign_signed_on', category: 'VALIDATION_ERROR', message: '2026-31-11 was not a valid date.' },
      }),
    },
  );
  await effect('envelope.remind', of.sign, 40 * MINUTE, { envelope: of.envelope }, 'The owner pressed Remind.', { state: 'held', attempts: 0 });
  await effect('journey.join', of.crm, 41 * MINUTE, { contact: '501', list: 'Signed customers' }, 'Journey rule signed: the Customer joins the list.', {
    state: 'ready',
    attempts: 0,
  });
  const remote = 'd81f3b0c-1c4e-4a37-9a55-0f6a2d9d2c11';
  const status = (now: EnvelopeStatus, recipients: RecipientStatus[], seenBy: 'webhook' | 'reconcile' | 'call'): FactData['envelope.status'] => ({
    remote,
    envelope: of.envelope,
    status: now,
    seenBy,
    recipients: recipients.map((state, index) => ({ role: index === 0 ? 'Customer' : 'Legal', remote: String(index + 1), status: state, at: null })),
  });
  await db.transaction().execute(async (tx) => {
    await append(tx, of.tenant, 'facts', [
      fact('deal.stage-changed', 0, { deal: '9000000042', stage: 'contractsent', source: 'person', seenBy: 'webhook' }, 'Contract sent is a stage that the mapping watches.'),
      fact(
        'deal.read',
        880,
        { deal: '9000000042', stage: 'contractsent', pipeline: 'default', enteredAt: start, purpose: { kind: 'stage', seenBy: 'webhook' }, effect: read },
        'The deal fits rule contract-sent: Order form goes to Customer, then Legal.',
      ),
      fact('envelope.status', 2600, status('sent', ['sent', 'waiting'], 'call'), 'The envelope is out; the Customer is asked first.'),
      fact('envelope.status', 9 * MINUTE, status('viewed', ['viewed', 'waiting'], 'webhook'), 'The Customer looked at it.'),
      fact('envelope.status', 9 * MINUTE + 700, status('viewed', ['viewed', 'waiting'], 'webhook'), 'The same was told before.', 'noted'),
      fact('envelope.status', 31 * MINUTE - 90, status('partially_signed', ['signed', 'sent'], 'reconcile'), 'The Customer signed; Legal is asked next. No webhook had told it.'),
    ]);
    await append(tx, of.tenant, 'receipts', [
      receipt('deal.read', read, 860, 'done', { found: true }),
      receipt('envelope.create', create, 1700, 'retry', { code: 'vendor.lost-reply', say: 'The answer got lost on the way.' }),
      receipt('envelope.create', create, 2600, 'done', { found: 'by correlation key', status: 'sent' }, remote),
      receipt('record.write', sent, 3900, 'done', { written: ['countersign_status', 'countersign_waiting_for'] }, '9000000042'),
      receipt('record.write', parked, 31 * MINUTE + 800, 'parked', { code: 'vendor.rejected', field: 'countersign_signed_on' }, '9000000042'),
    ]);
  });
  return { parked };
}

/** A send that was refused: a story without an envelope. */
export async function seedBlocked({ db, clock }: World, tenant: TenantId, crm: InstallId): Promise<Correlation> {
  const now = clock.now() - 20 * MINUTE;
  const correlation = newId('cor', now);
  const data: FactData['deal.stage-changed'] = { deal: '9000000077', stage: 'contractsent', source: 'automation', seenBy: 'webhook' };
  const fact = { id: newId('fct', now), at: now, recorded_at: now, notice: null, envelope: null, deal: data.deal, correlation, outcome: 'moved' as const };
  await db
    .transaction()
    .execute((tx) =>
      append(tx, tenant, 'facts', [{ ...fact, type: 'deal.stage-changed', data: JSON.stringify(data), why: 'Not sent: the contact with the label Signer has no e-mail address.' }]),
    );
  const effect = { tenant, id: newId('eff', now), key: `blocked|${correlation}`, ordinal: 90, install: crm, kind: 'record.write' as const, record: 'deal:9000000077', priority: 5 };
  const write: EffectData['record.write'] = {
    record: { type: 'deal', id: '9000000077' },
    set: { countersign_status: 'blocked', countersign_reason: 'The signer has no e-mail address.' },
  };
  await db
    .insertInto('outbox')
    .values({
      ...effect,
      data: JSON.stringify(write),
      state: 'done',
      run_at: now,
      attempts: 1,
      epoch: 1,
      envelope: null,
      correlation,
      why: 'The reason is written on the deal.',
      error: null,
      created_at: now,
      updated_at: now,
    })
    .execute();
  return correlation;
}
