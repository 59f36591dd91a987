import { chunk } from '#lib/group';
import { newId } from '#lib/ids';
import { inOrder, type KnownTouch, type Via } from '#core/frozen-attribution';
import type { InstallId, PersonId, TenantId, TouchId } from '#core/ids';
import { keyOfTouch, type Touchpoint } from '#core/touch';
import { findPersonOfContact, linkPerson } from '#store/consents';
import type { Db, Tx } from '#store/database';
import { carryObjections } from '#store/objections';
import { append, lockLedger } from '#store/ledger';
import type { TouchesTable } from '#store/ledger-schema';

const ASKED_AT_ONCE = 500;
/** So many touchpoints of one person are looked at; nobody who is a person has more. */
const PERSON_TOUCHES = 20_000;

/** Adds touchpoints of a person to the ledger. Those that it knows already, told by whomever, are the same and add nothing. Returns those that were new. */
export async function recordTouches(tx: Tx, tenant: TenantId, person: PersonId, touches: readonly Touchpoint[], via: Via, now: number): Promise<KnownTouch[]> {
  if (touches.length === 0) return [];
  // Of equal ones the earliest comes last, and stays.
  const byKey = new Map(touches.toSorted((a, b) => b.at - a.at).map((touch) => [keyOfTouch(person, touch), touch] as const));
  // Whoever holds the ledger is alone in looking what it knows.
  await lockLedger(tx, tenant, 'touches');
  const known = await timesByKey(tx, tenant, [...byKey.keys(), ...touches.map((touch) => keyOfMoment(person, touch))]);
  const fresh = [...byKey].reverse().flatMap(([key, touch]): [string, Touchpoint][] => {
    const at = known.get(key);
    if (at === undefined) return [[key, touch]];
    // A touchpoint without a time is dated when it was first read. Copied from another person, it may have been read earlier there, and that moment counts.
    const moment = keyOfMoment(person, touch);
    return touch.dated === false && touch.at < at && !known.has(moment) ? [[moment, touch]] : [];
  });
  const entries = fresh.map(([key, { at, ...data }]) => ({ id: newId('tch', now), key, person, at, recorded_at: now, via, data: JSON.stringify(data) }));
  return (await append(tx, tenant, 'touches', entries)).map(toTouch);
}

const keyOfMoment = (person: PersonId, { dated, ...touch }: Touchpoint): string => (dated === false ? keyOfTouch(person, touch) : '');

async function timesByKey(tx: Tx, tenant: TenantId, keys: readonly string[]): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const some of chunk(
    keys.filter((key) => key !== ''),
    ASKED_AT_ONCE,
  )) {
    const rows = await tx.selectFrom('touches').select(['key', 'at']).where('tenant', '=', tenant).where('key', 'in', some).execute();
    for (const { key, at } of rows) found.set(key, at);
  }
  return found;
}

/** Every touchpoint of a person until a moment, earliest first. */
export async function touchesOf(db: Db, tenant: TenantId, person: PersonId, until: number): Promise<KnownTouch[]> {
  const rows = await db
    .selectFrom('touches')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('person', '=', person)
    .where('at', '<=', until)
    .orderBy('at')
    .orderBy('seq')
    .limit(PERSON_TOUCHES)
    .execute();
  return rows.map(toTouch);
}

/** Touchpoints by id, in the order of time. */
export async function listTouches(db: Db, tenant: TenantId, ids: readonly TouchId[]): Promise<KnownTouch[]> {
  const found: KnownTouch[] = [];
  for (const some of chunk([...new Set(ids)], ASKED_AT_ONCE)) {
    const rows = await db.selectFrom('touches').selectAll().where('tenant', '=', tenant).where('id', 'in', some).execute();
    found.push(...rows.map(toTouch));
  }
  return found.sort(inOrder);
}

/**
 * Notes which person a contact is. Where it was another before, because contacts were merged or an address changed, that one's touchpoints are copied to the new one: how somebody came does
 * not change with a record's owner, address or type. Their objections hold for the new one too. Nothing is moved, so what was frozen of the old person stays what it was.
 */
export async function keepTouches(tx: Tx, tenant: TenantId, record: { install: InstallId; contact: string; person: PersonId }, now: number): Promise<void> {
  const before = await findPersonOfContact(tx, tenant, record.install, record.contact);
  await linkPerson(tx, tenant, record, now);
  if (before === null || before === record.person) return;
  await carryObjections(tx, tenant, before, record.person, now);
  for (const [via, touches] of byVia(await touchesOf(tx, tenant, before, now))) await recordTouches(tx, tenant, record.person, touches.map(content), via, now);
}

function byVia(touches: readonly KnownTouch[]): Map<Via, KnownTouch[]> {
  const groups = new Map<Via, KnownTouch[]>();
  for (const touch of touches) groups.set(touch.via, [...(groups.get(touch.via) ?? []), touch]);
  return groups;
}

function content(touch: KnownTouch): Touchpoint {
  const { id, place, via, ...rest } = touch;
  void [id, place, via];
  return rest;
}

function toTouch({ id, seq, at, via, data }: TouchesTable): KnownTouch {
  return { ...(JSON.parse(data) as Omit<Touchpoint, 'at'>), id, place: seq, via, at };
}
