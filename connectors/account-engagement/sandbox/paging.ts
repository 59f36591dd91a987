import type { Context } from 'hono';
import { refuse } from './gate.ts';

const MOST_A_PAGE = 1000;
const DEFAULT_PAGE = '200';

type Query = Record<string, string>;
interface Asked {
  filters: Query;
  limit: number;
  /** Items up to this id were on the pages before. */
  after: number;
}

/** Answers a page of a query, and a token for the next. With a token nothing but `fields` may be asked: the token holds the rest. */
export function answerPage<Item extends { id: number }>(c: Context, find: (filters: Query) => readonly Item[]): Response {
  const { fields, nextPageToken, ...query } = c.req.query();
  if (!fields) return refuse(c, 400, 72, 'fields is a required parameter.');
  if (nextPageToken !== undefined && Object.keys(query).length > 0) return refuse(c, 400, 73, 'Only fields may be given with nextPageToken.');
  const asked = nextPageToken === undefined ? askedBy(query) : read(nextPageToken);
  if (!asked) return refuse(c, 400, 75, 'nextPageToken is invalid or has expired.');
  if (!Number.isInteger(asked.limit) || asked.limit < 1 || asked.limit > MOST_A_PAGE) return refuse(c, 400, 74, 'limit has to be a number from 1 to 1000.');
  const rest = find(asked.filters)
    .filter(({ id }) => id > asked.after)
    .sort((a, b) => a.id - b.id);
  const values = rest.slice(0, asked.limit);
  const more = rest.length > values.length;
  const token = more ? Buffer.from(JSON.stringify({ ...asked, after: values.at(-1)?.id ?? 0 })).toString('base64url') : null;
  return c.json({ values: values.map((item) => picked(fields, item)), nextPageToken: token, nextPageUrl: null });
}

function askedBy({ limit = DEFAULT_PAGE, orderBy: _order, ...filters }: Query): Asked {
  return { filters, limit: Number(limit), after: 0 };
}
function read(token: string): Asked | null {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString()) as Asked;
  } catch {
    return null;
  }
}

/** The fields that were asked for; the vendor gives no others. */
export function picked(fields: string, item: object): Record<string, unknown> {
  const wanted = fields.split(',');
  return Object.fromEntries(Object.entries(item).filter(([name]) => wanted.includes(name)));
}
