import { sha256 } from '#lib/hmac';
import type { ConsentId, TenantId } from '#core/ids';

/** A head of a ledger, about to be signed. */
export interface Head {
  tenant: TenantId;
  ledger: string;
  seq: number;
  hash: string;
  /** When it is signed, milliseconds since the epoch. */
  at: number;
  /** SHA-256 of the public key in DER. */
  key: string;
}
/** One file of a bundle. */
export interface ProofFile {
  path: string;
  bytes: Buffer;
}
/** A row's place in the chain: all that a bundle shows of other people's rows. */
export interface ChainLink {
  seq: number;
  prev: string;
  content: string;
  hash: string;
}

/** The one line that is signed, line feed included. `shasum`-like tools and people read the same text. */
export function headLine({ tenant, ledger, seq, hash, at, key }: Head): string {
  return `countersign-head-v1 tenant=${tenant} ledger=${ledger} seq=${seq} hash=${hash} at=${new Date(at).toISOString()} key=${key}\n`;
}

/** Links as tab-separated lines: seq, hash of the row before, hash of what the row says, hash of the row. */
export function chainText(links: readonly ChainLink[]): string {
  return links.map(({ seq, prev, content, hash }) => `${seq}\t${prev}\t${content}\t${hash}\n`).join('');
}

const SEQ_DIGITS = 12;
export const recordPath = (row: { seq: number; id: ConsentId }): string => `records/${String(row.seq).padStart(SEQ_DIGITS, '0')}-${row.id}.json`;

/** A name out of letters, digits, points, dashes and underscores, whatever somebody called their text. */
export const plainName = (name: string): string => name.replace(/[^A-Za-z0-9._-]+/g, '_').replace(/^\.+/, '_') || '_';

export function textPath(text: { name: string; locale: string; version: number }, ending: 'txt' | 'json' | 'html' = 'txt'): string {
  return `${ending === 'html' ? 'rendering' : 'texts'}/${plainName(text.name)}-${plainName(text.locale)}-v${text.version}.${ending}`;
}

/** What `sha256sum` writes of files, sorted by path. */
export function manifestOf(files: readonly ProofFile[]): string {
  return [...files]
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, bytes }) => `${sha256(bytes)}  ${path}\n`)
    .join('');
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);

/** A wording as a page shows it: the title, and the words with their lines. Needs nothing from anywhere. */
export function renderWording(text: { title: string; wording: string; locale: string }): string {
  const paragraphs = text.wording
    .trim()
    .split(/\n{2,}/)
    .map((paragraph) => `<p>${escapeHtml(paragraph).replaceAll('\n', '<br>\n')}</p>`);
  const head = `<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>${escapeHtml(text.title)}</title>`;
  const style = '<style>body{font:1rem/1.5 sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem}</style>';
  return `<!doctype html>\n<html lang="${escapeHtml(text.locale)}">\n<head>\n${head}\n${style}\n</head>\n<body>\n<h1>${escapeHtml(text.title)}</h1>\n${paragraphs.join('\n')}\n</body>\n</html>\n`;
}
