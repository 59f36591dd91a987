import * as z from 'zod';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import { ask, bodyOf } from './client.ts';

const TTL_MS = 60 * 60_000;
const MOST_REMEMBERED = 500;
const MOST_PAGES = 20;
const PAGE = '1000';

const numberShape = z.coerce.number().int().positive();
const pageShape = z.object({ values: z.array(z.object({ id: numberShape, name: z.string(), isDynamic: z.boolean().nullish() })), nextPageToken: z.string().nullish() });
const madeShape = z.object({ id: numberShape });

/** Ids of lists by install and name. Whoever asks for the same list at the same time waits for the same answer, so that one process makes it once. */
const remembered = new Map<string, { until: number; id: Promise<number> }>();
const keyOf = (call: Call, name: string) => `${call.install.id}|${name}`;

/** The static list of that name, made if absent. @throws Problem `vendor.rejected` where the list fills itself */
export function listId(call: Call, name: string): { id: Promise<number>; fresh: boolean } {
  const key = keyOf(call, name);
  const known = remembered.get(key);
  if (known && known.until > Date.now()) return { id: known.id, fresh: false };
  const entry = { until: Date.now() + TTL_MS, id: findOrMake(call, name) };
  remembered.delete(key);
  remembered.set(key, entry);
  entry.id.catch(() => remembered.get(key) === entry && remembered.delete(key));
  if (remembered.size > MOST_REMEMBERED) remembered.delete(remembered.keys().next().value ?? key);
  return { id: entry.id, fresh: true };
}
export function forgetList(call: Call, name: string): void {
  remembered.delete(keyOf(call, name));
}

async function findOrMake(call: Call, name: string): Promise<number> {
  const found = await find(call, name);
  if (found !== null) return found;
  return bodyOf(await ask(call, { method: 'POST', path: '/lists', query: { fields: 'id' }, json: { name } }), madeShape).id;
}

/** The oldest of that name: names need not be unique, and everybody has to mean the same list. */
async function find(call: Call, name: string): Promise<number | null> {
  const fields = 'id,name,isDynamic';
  let query: Record<string, string> = { fields, name, orderBy: 'id ASC', limit: PAGE };
  for (let page = 0; page < MOST_PAGES; page++) {
    const { values, nextPageToken } = bodyOf(await ask(call, { method: 'GET', path: '/lists', query }), pageShape);
    // The name is compared here too: were the filter ignored, any list would do.
    const found = values.filter((list) => list.name === name);
    const manual = found.filter((list) => list.isDynamic !== true).map(({ id }) => id);
    if (manual.length > 0) return Math.min(...manual);
    if (found.length > 0)
      throw new Problem('vendor.rejected', { say: `The list ${name} fills itself by its rules, so nobody can be added to it. Name a static list, then replay.` });
    if (!nextPageToken) return null;
    // With a page token the vendor allows nothing beside `fields`.
    query = { fields, nextPageToken };
  }
  throw new Problem('vendor.rejected', { say: `The list ${name} was not found among the first ${MOST_PAGES * Number(PAGE)} lists of the business unit.` });
}
