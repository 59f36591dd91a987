import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Problem } from '#core/problem';
import { loadConfig, type Config } from './config.ts';

export const isAddress = (place: string): boolean => /^postgres(ql)?:/.test(place);

/** A database as a person names it on the command line: an address, a file, or the one that is configured, by its engine's name; absent, the server's own. @throws Problem */
export function placeOf(named: string | undefined): string {
  if (named === undefined) return loadConfig(process.env).database;
  if (named === 'postgres') return orRefuse(process.env['DATABASE_URL'] ?? addressIn(configured()), 'No PostgreSQL address is configured: set DATABASE_URL, or name the address.');
  if (named === 'sqlite') return orRefuse(isAddress(configured()) ? undefined : configured(), 'No SQLite file is configured: name the file.');
  return isAddress(named) ? named : resolve(named);
}

/** What `COUNTERSIGN_DATABASE` or the file says, whatever else is set beside it. */
const configured = (): string => loadConfig({ ...process.env, DATABASE_URL: '', COUNTERSIGN_ROLE: '' }).database;
const addressIn = (place: string): string | undefined => (isAddress(place) ? place : undefined);

function orRefuse(place: string | undefined, say: string): string {
  if (place === undefined) throw new Problem('request.malformed', { say });
  return place;
}

/** The same, for a person to read: without a password. */
export function shown(place: string): string {
  if (!isAddress(place) || !URL.canParse(place)) return place;
  const address = new URL(place);
  address.password = '';
  address.search = '';
  return address.href;
}

/** @throws Problem where the file of a database is not there */
export function insistOnFile(place: string): void {
  if (isAddress(place) || place === ':memory:' || existsSync(place)) return;
  throw new Problem('request.not-found', { say: `There is no database at ${place}. A server makes it when it first starts; if one has, name the place where it keeps it.` });
}

/** The server's own configuration, for whoever works on what a server has made: a mistyped place is no new database. @throws Problem, ConfigError */
export const configOfServer = (): Config => loadConfig(process.env, {}, insistOnFile);
