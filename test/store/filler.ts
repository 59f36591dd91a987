import fc from 'fast-check';
import { LEDGERS } from '#store/ledger-schema';
import { openSide } from '#store/copy/open';
import type { Row, Shape, Side, Value } from '#store/copy/side';

/** Filled by `append` alone, with their chains, or the engine's own. */
const NOT_FILLED = new Set<string>([...LEDGERS, 'ledger_heads', 'migrations', 'tenants', 'settings']);
/** Beyond 32 bits, and as far as a column of 64 goes. */
const LARGEST = 2n ** 63n - 1n;
/** Columns of 32 bits in PostgreSQL, where SQLite has one kind of whole number. */
const SMALL = 2n ** 31n - 1n;

const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 40 })).filter((one) => !one.includes('\0'));

/** One value for each kind of column, drawn anew; a name in front keeps what has to be unique so. */
function valueOf(kind: Shape['columns'][number]['kind'], small: boolean, unique: string): fc.Arbitrary<Value> {
  if (kind === 'text') return text.map((one) => `${unique}${one}`);
  if (kind === 'bytes') return fc.uint8Array({ maxLength: 60 });
  const most = small ? SMALL : LARGEST;
  return fc.bigInt({ min: -most - 1n, max: most });
}

/** Rows for every table of the schema, with each kind of column and each that may be empty, empty and not. Returns which tables. */
export async function fillTables(address: string, tenant: string, rows: number, seed: number): Promise<string[]> {
  const side = await openSide(address);
  try {
    const shapes = (await side.tables()).filter(({ name }) => !NOT_FILLED.has(name));
    for (const shape of shapes) {
      const loose = await looseColumns(side, shape);
      const drawn: Row[] = [];
      for (let number = 0; number < rows; number++) {
        const columns = shape.columns.map(({ name, kind }) => {
          if (name === 'tenant' && !loose.get(name)?.nullable) return fc.constant<Value>(tenant);
          if (loose.get(name)?.nullable && number % 2 === 0) return fc.constant<Value>(null);
          return valueOf(kind, loose.get(name)?.small ?? false, `${shape.name}-${seed}-${number}-`);
        });
        drawn.push(...fc.sample(fc.tuple(...columns), { numRuns: 1, seed: seed * 1000 + number }));
      }
      await insertLoosely(side, shape, drawn);
    }
    return shapes.map(({ name }) => name);
  } finally {
    await side.close();
  }
}

const NOTHING = { text: 'select 1 where 1 = ?', values: [1n] };

/** All at once; where some rule of the schema refuses one (one key in use, say), the others alone: what is there must be moved, not what might be. */
async function insertLoosely(side: Side, shape: Shape, rows: readonly Row[]): Promise<void> {
  const together = await side.insert(shape, rows, NOTHING).then(
    () => true,
    () => false,
  );
  for (const row of together ? [] : rows) await side.insert(shape, [row], NOTHING).catch(() => undefined);
}

async function looseColumns(side: Side, { name }: Shape): Promise<Map<string, { nullable: boolean; small: boolean }>> {
  const rows = await side.run({ text: `select name, "notnull" or pk, type from pragma_table_info('${name}')`, values: [] });
  return new Map(rows.map(([column, notNull, type]) => [String(column), { nullable: notNull === 0n, small: String(type).toLowerCase() === 'integer' }]));
}
