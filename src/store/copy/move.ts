import { createHash } from 'node:crypto';
import { Problem } from '#core/problem';
import { digestTable } from '#store/copy/digest';
import { isMark, readMark, writeMark } from '#store/copy/mark';
import { beginState, MOVING, readState, remembering, type MoveState } from '#store/copy/progress';
import type { Row, Shape, Side } from '#store/copy/side';

export interface MoveStep {
  phase: 'copy' | 'verify';
  table: string;
  rows: number;
  of: number;
}
export interface MovedTable {
  table: string;
  rows: number;
  hash: string;
}
type Progress = (step: MoveStep) => void;

/** Each side has its own: what ran there, and how far a move has come. */
const OWN = new Set(['migrations', MOVING]);

const ranOn = async (side: Side): Promise<string> => (await side.run({ text: 'select name from migrations order by name', values: [] })).map(String).join(', ');

/** The tables of both sides, those first that others point to. @throws Problem `move.refused` where the two schemas differ */
async function fitting(source: Side, target: Side): Promise<Shape[]> {
  const [ran, wanted] = [await ranOn(source), await ranOn(target)];
  if (ran !== wanted)
    throw new Problem('move.refused', { say: 'The source is not of the schema of this release. Run countersign migrate on it first, with the release that you move with.' });
  const [ours, theirs] = [await source.tables(), await target.tables()];
  const described = (shapes: Shape[]) => new Map(shapes.filter(({ name }) => !OWN.has(name)).map((shape) => [shape.name, JSON.stringify(shape)]));
  const [here, there] = [described(ours), described(theirs)];
  const odd = [...new Set([...here.keys(), ...there.keys()])].filter((name) => here.get(name) !== there.get(name));
  if (odd.length > 0) throw new Problem('move.refused', { say: `The tables ${odd.join(', ')} are not the same on both sides. Nothing was changed.` });
  const shapes = ours.filter(({ name }) => here.has(name));
  const keyless = shapes.filter(({ key }) => key.length === 0).map(({ name }) => name);
  if (keyless.length > 0) throw new Problem('move.refused', { say: `The tables ${keyless.join(', ')} have no primary key.` });
  return shapes.sort((a, b) => Number(b.name === 'tenants') - Number(a.name === 'tenants'));
}

/** Tells one database from another: when each of its migrations ran. */
async function printOf(source: Side): Promise<string> {
  const rows = await source.run({ text: 'select name, at from migrations order by name', values: [] });
  return createHash('sha256')
    .update(rows.map((row) => row.join(' ')).join('\n'))
    .digest('hex');
}

/**
 * Fills the target with every row of the source, page by page, and goes on where an earlier attempt ended. Only inserts: the guards of the ledgers stay in
 * force on both sides. From the first page on the source is marked, so that no server starts on either half. @throws Problem where it may not begin
 */
export async function copyAll(source: Side, target: Side, to: string, now: number, progress: Progress): Promise<void> {
  const shapes = await fitting(source, target);
  const state = await beginOrGoOn(source, target, shapes);
  await writeMark(source, { to, at: now, whole: false });
  for (const shape of shapes) await copyTable(source, target, shape, state, progress);
}

async function beginOrGoOn(source: Side, target: Side, shapes: Shape[]): Promise<MoveState> {
  const print = await printOf(source);
  const state = await readState(target);
  if (state && state.source !== print) throw new Problem('move.refused', { say: 'The target is half filled from another database. Make an empty one, or finish that move.' });
  if (state) return state;
  const filled: string[] = [];
  for (const { name } of shapes) if ((await target.count(name)) > 0) filled.push(name);
  if (filled.length > 0)
    throw new Problem('move.refused', { say: `The target is not empty: there are rows in ${filled.join(', ')}. Nothing was changed. Make an empty database.` });
  if ((await readMark(source))?.whole) throw new Problem('move.refused', { say: 'The source was moved before. Nothing was changed. countersign move --undo lets go of it.' });
  await beginState(target, print);
  return { source: print, done: new Map() };
}

async function copyTable(source: Side, target: Side, shape: Shape, state: MoveState, progress: Progress): Promise<void> {
  const of = await source.count(shape.name);
  let rows = await target.count(shape.name);
  for await (const page of source.pages(shape, state.done.get(shape.name) ?? null)) {
    const last = page.at(-1);
    if (!last) break;
    const some = page.filter((row) => !isMark(shape, row));
    if (target.kind === 'postgres') for (const row of some) refuseNul(shape, row);
    await target.insert(shape, some, remembering(shape, last));
    rows += some.length;
    progress({ phase: 'copy', table: shape.name, rows, of });
  }
}

/** PostgreSQL has no place for U+0000 in a text. To leave it out would change what was kept, so that is left to a person. */
function refuseNul({ name, columns, key }: Shape, row: Row): void {
  const place = row.findIndex((value) => typeof value === 'string' && value.includes('\0'));
  if (place < 0) return;
  const where = key.map((at) => String(row[at])).join(', ');
  throw new Problem('move.refused', {
    say: `${name}.${columns[place]?.name ?? ''} of the row ${where} holds the character U+0000, which PostgreSQL does not store. Mend that row, then go on.`,
  });
}

/** Compares both sides table by table: as many rows, and the same hash over all of them. @throws Problem `move.differs` */
export async function compareAll(source: Side, target: Side, progress: Progress): Promise<MovedTable[]> {
  const moved: MovedTable[] = [];
  for (const shape of await fitting(source, target)) {
    const of = await source.count(shape.name);
    const skip = (row: Row) => isMark(shape, row);
    const told = (rows: number) => progress({ phase: 'verify', table: shape.name, rows, of });
    const [ours, theirs] = await Promise.all([digestTable(source, shape, skip, told), digestTable(target, shape, skip)]);
    if (ours.rows !== theirs.rows || ours.hash !== theirs.hash) {
      const say = `${shape.name} differs: ${ours.rows} rows in the source, ${theirs.rows} in the target. The source has changed since the move began, or the target has. Start again with an empty target.`;
      throw new Problem('move.differs', { say });
    }
    moved.push({ table: shape.name, ...ours });
  }
  return moved;
}
