import type { Row, Shape, Side } from '#store/copy/side';

/** The setting of a database that is being moved away, or was. A server does not start on it. */
export const MOVED = 'moved';

export interface Mark {
  /** Where its rows went; without a password. */
  to: string;
  at: number;
  /** False while the move is under way. */
  whole: boolean;
}

export const isMark = ({ name, columns }: Shape, row: Row): boolean => name === 'settings' && row[columns.findIndex((column) => column.name === 'name')] === MOVED;

export const parseMark = (text: string): Mark => JSON.parse(text) as Mark;

export async function readMark(side: Side): Promise<Mark | null> {
  const [row] = await side.run({ text: 'select value from settings where name = ?', values: [MOVED] });
  return row ? parseMark(String(row[0])) : null;
}

export async function writeMark(side: Side, mark: Mark): Promise<void> {
  await side.run({ text: 'insert into settings (name, value) values (?, ?) on conflict (name) do update set value = excluded.value', values: [MOVED, JSON.stringify(mark)] });
}

export const removeMark = (side: Side): Promise<Row[]> => side.run({ text: 'delete from settings where name = ?', values: [MOVED] });
