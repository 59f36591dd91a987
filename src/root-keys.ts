import { randomBytes } from 'node:crypto';
import type { Clock } from '#lib/clock';
import { createSealer, derivedLookupKey, keyIdOf, type Sealer } from '#lib/seal';
import type { Db } from '#store/database';
import { dropRootKey, findSealed, listRootKeys, PLACES, putRootKey } from '#store/sealed';
import { claimSetting, findSetting } from '#store/settings';
import { ConfigError } from './config.ts';
import { KeyError, readKeys, rereadFiles, type KeySource } from './key-sources.ts';

/** A root key and where it came from. */
export interface RootKey {
  id: string;
  key: Buffer;
  where: string;
}

/** Every root key that the configuration names, the current one first. @throws ConfigError where one cannot be had */
export async function readRootKeys(sources: readonly KeySource[], now: number): Promise<RootKey[]> {
  const read = sources.map(async (source) => (await readKeys(source, now)).map((key) => ({ id: keyIdOf(key), key, where: source.where })));
  try {
    return (await Promise.all(read)).flat();
  } catch (error) {
    throw error instanceof KeyError ? new ConfigError(error.message) : error;
  }
}

/** A file that does not have a key is not read again at once: something that nobody can open would have it read all the time. */
const REREAD_MS = 1000;

/** Looks for a key in the key files as they are now, so that a server that runs opens what a command has sealed since `keys rotate`. */
export function findInFiles(sources: readonly KeySource[], clock: Clock): (id: string) => Buffer | undefined {
  let next = 0;
  return (id) => {
    if (clock.now() < next) return undefined;
    const found = rereadFiles(sources).find((key) => keyIdOf(key) === id);
    if (!found) next = clock.now() + REREAD_MS;
    return found;
  };
}

interface Opening {
  /** Whether the database was made just now. */
  fresh: boolean;
  now: number;
  find?: (id: string) => Buffer | undefined;
}

/**
 * A sealer for a database, held against what lies in it: a wrong or missing key is told at the start, and not by the first token that does not open. @throws ConfigError
 */
export async function openSealer(db: Db, keys: readonly RootKey[], { fresh, now, find }: Opening): Promise<Sealer> {
  const [current, ...others] = keys;
  if (!current) throw new ConfigError('There is no root key: set COUNTERSIGN_KEY.');
  const ring = createSealer(current.key, { others: others.map(({ key }) => key) });
  const known = await refuseMissing(db, ring);
  const lookupKey = await openLookupKey(db, ring, keys, fresh);
  if (!known.includes(ring.current)) await putRootKey(db, ring.current, now);
  return createSealer(current.key, { others: others.map(({ key }) => key), lookupKey, ...(find ? { find } : {}) });
}

/** A key that was used here and is not at hand any more has to hold nothing. That is looked up once, at the first start without it. Returns the keys that were used here. */
async function refuseMissing(db: Db, ring: Sealer): Promise<string[]> {
  const known = await listRootKeys(db);
  for (const { id } of known) {
    if (ring.ids.includes(id)) continue;
    const held = await findSealed(db, id);
    if (held) throw missing(id, held.name, ring);
    await dropRootKey(db, id);
  }
  // A database from before keys were written down.
  const held = known.length === 0 ? await findSealed(db) : undefined;
  if (held && !ring.ids.includes(held.key)) throw missing(held.key, held.name, ring);
  return known.map(({ id }) => id);
}

function missing(id: string, name: string, ring: Sealer): ConfigError {
  return new ConfigError(
    `This database has values sealed under the root key ${id} (in ${name}), and the server was started with ${ring.ids.join(', ')}. Start it with that key in COUNTERSIGN_KEY, or in COUNTERSIGN_OLD_KEYS until countersign keys rewrap has run. See docs/keys.md.`,
  );
}

/**
 * The key of blind look-ups, which stays when root keys change: people's e-mail hashes were made with it. A fresh database draws one. One from before it was kept
 * goes on with what was derived from its root key.
 */
async function openLookupKey(db: Db, ring: Sealer, keys: readonly RootKey[], fresh: boolean): Promise<Buffer> {
  const place = PLACES.lookupKey('lookup-key');
  const held = (await findSetting(db, 'lookup-key')) ?? (await claimSetting(db, 'lookup-key', ring.seal(await firstLookupKey(db, keys, fresh), place)));
  return Buffer.from(ring.open(held, place), 'base64');
}

async function firstLookupKey(db: Db, keys: readonly RootKey[], fresh: boolean): Promise<string> {
  const under = fresh ? undefined : ((await findSealed(db))?.key ?? keys[0]?.id);
  const root = keys.find(({ id }) => id === under);
  return (root ? derivedLookupKey(root.key) : randomBytes(32)).toString('base64');
}
