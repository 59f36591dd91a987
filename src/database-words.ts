import { ConfigError } from './config.ts';
import { isAddress, shown } from './places.ts';

const SILENT = /^(ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|57P03|53300)/;
const LATE = /timeout (expired|exceeded)/;

function sayPostgres(code: string, message: string, at: string): string | null {
  if (SILENT.test(code) || LATE.test(message)) return `PostgreSQL does not answer at ${at}${code ? ` (${code})` : ''}. See whether it runs, and whether the address is right.`;
  if (code.startsWith('28')) return `PostgreSQL does not let this user in at ${at}. Correct user and password in the address.`;
  if (code === '3D000') return `PostgreSQL has no such database: ${at}. Make it, or correct the address.`;
  if (code === '42501') return `This user may not change the schema at ${at}. The tables have to be its own (docs/deployment.md).`;
  return null;
}

function saySqlite(code: string, file: string): string | null {
  if (/^(SQLITE_(CANTOPEN|READONLY|PERM)|EACCES|EPERM|EROFS|ENOTDIR|EISDIR|EEXIST|ENOENT)/.test(code))
    return `The database ${file} cannot be opened (${code}). See whether it is a file in a folder where this user may write, or name another one.`;
  if (/^SQLITE_(NOTADB|CORRUPT)/.test(code)) return `${file} is no SQLite database, or a damaged one. Name another one, or put a backup in its place (docs/backup.md).`;
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return `The database ${file} is held by another program. Let that one end first.`;
  if (/^(SQLITE_(FULL|IOERR)|ENOSPC)/.test(code)) return `The disk of ${file} is full, or fails (${code}).`;
  return null;
}

/** Opens a database, or says why it cannot be opened to whoever has named it. @throws ConfigError, and what `open` throws beside that */
export async function opening<T>(place: string, open: () => T | Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    const { code = '', message = '' } = error as { code?: unknown; message?: unknown };
    const say = isAddress(place) ? sayPostgres(String(code), String(message), shown(place)) : saySqlite(String(code), place);
    throw say === null ? error : new ConfigError(say, { cause: error });
  }
}
