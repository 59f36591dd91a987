import type { Row, Shape, Side, Value } from '#store/copy/side';

/** In the target while it is being filled, and gone once it is whole. A server that finds this table does not start on it. */
export const MOVING = 'moving';

/** How far a move is. It stands in the target, in the transaction of the rows themselves, so that whatever ends the move it goes on exactly there. */
export interface MoveState {
  /** Which database is moved here. */
  source: string;
  done: ReadonlyMap<string, Row>;
}

const SOURCE = '';

export async function readState(target: Side): Promise<MoveState | null> {
  if (!(await target.tables()).some(({ name }) => name === MOVING)) return null;
  const rows = await target.run({ text: `select name, last from ${MOVING}`, values: [] });
  const found = new Map(rows.map(([name, last]) => [String(name), String(last)]));
  const source = found.get(SOURCE);
  if (source === undefined) return null;
  found.delete(SOURCE);
  return { source, done: new Map([...found].map(([name, last]) => [name, (JSON.parse(last) as Coded[]).map(decoded)])) };
}

export async function beginState(target: Side, source: string): Promise<void> {
  await target.run({ text: `create table if not exists ${MOVING} (name text primary key, last text not null)`, values: [] });
  await target.run({ text: `insert into ${MOVING} (name, last) values (?, ?)`, values: [SOURCE, source] });
}

/** The statement that remembers the last row of a page. */
export function remembering({ name, key }: Shape, last: Row): { text: string; values: Value[] } {
  // Only the key: a row may be a megabyte.
  const kept = last.map((value, place) => (key.includes(place) ? value : null));
  return { text: `insert into ${MOVING} (name, last) values (?, ?) on conflict (name) do update set last = excluded.last`, values: [name, JSON.stringify(kept.map(coded))] };
}

type Coded = null | { i: string } | { t: string } | { b: string };

function coded(value: Value): Coded {
  if (value === null) return null;
  if (typeof value === 'bigint') return { i: String(value) };
  return typeof value === 'string' ? { t: value } : { b: Buffer.from(value).toString('base64') };
}

function decoded(value: Coded): Value {
  if (value === null) return null;
  if ('i' in value) return BigInt(value.i);
  return 't' in value ? value.t : Buffer.from(value.b, 'base64');
}
