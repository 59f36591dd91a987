import { readFileSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { signAws, type AwsKeys } from '#lib/aws-signature';
import { projectRoot } from '#lib/root';
import { Secret } from '#lib/secret';

/** Where root keys come from, as the configuration names it. */
export type KeySource =
  | { kind: 'given' | 'file'; where: string; keys: Secret<Buffer[]> }
  | { kind: 'vault'; where: string; address: URL; token: Secret; namespace: string | undefined; field: string }
  | { kind: 'kms'; where: string; address: URL; region: string; keys: Secret<AwsKeys>; ciphertext: string };

/** What a source may need besides its own text: the variables that the tools of Vault and AWS use themselves. */
export interface SourceVariables {
  VAULT_ADDR?: string | undefined;
  VAULT_TOKEN?: Secret | undefined;
  VAULT_NAMESPACE?: string | undefined;
  AWS_ACCESS_KEY_ID?: string | undefined;
  AWS_SECRET_ACCESS_KEY?: Secret | undefined;
  AWS_SESSION_TOKEN?: Secret | undefined;
  AWS_ENDPOINT_URL_KMS?: string | undefined;
}

/** A root key that cannot be had; its message is for the operator and holds no key. */
export class KeyError extends Error {}

/** Longer than a healthy answer takes, shorter than an orchestrator waits for a start. */
const ANSWER_MS = 10_000;
/** Keys of one source: the one in use, and those that older values need. */
const MOST_KEYS = 8;
const HOW = 'such as `openssl rand -base64 32` prints';

/**
 * Reads where keys come from: 32 bytes in base64, `env:NAME`, `file:PATH`, `vault:MOUNT/PATH#FIELD` or `kms:REGION:CIPHERTEXT`. A source with several keys, one a line,
 * has the current one first. @throws KeyError
 */
export function keySource(text: string, where: string, variables: SourceVariables, environment: NodeJS.ProcessEnv): KeySource {
  const [, scheme, rest = ''] = /^(env|file|vault|kms):(.+)$/s.exec(text.trim()) ?? [];
  switch (scheme) {
    case 'env':
      return { kind: 'given', where: rest, keys: new Secret(keysIn(environment[rest] ?? '', rest)) };
    case 'file':
      return fromFile(isAbsolute(rest) ? rest : join(projectRoot, rest));
    case 'vault':
      return vaultSource(rest, where, variables);
    case 'kms':
      return kmsSource(rest, where, variables);
    default:
      return { kind: 'given', where, keys: new Secret(keysIn(text, where)) };
  }
}

export function fromFile(path: string): KeySource {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new KeyError(`The key file ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`);
  }
  return { kind: 'file', where: path, keys: new Secret(keysIn(text, path)) };
}

/** The keys that the files among the sources hold now; what cannot be read holds none. */
export function rereadFiles(sources: readonly KeySource[]): Buffer[] {
  return sources.flatMap((source) => {
    if (source.kind !== 'file') return [];
    try {
      return keysIn(readFileSync(source.where, 'utf8'), source.where);
    } catch {
      return [];
    }
  });
}

/** Whether others than its owner may read a key file. */
export function isExposed(path: string): boolean {
  return (statSync(path).mode & 0o077) !== 0;
}

export function keysIn(text: string, where: string): Buffer[] {
  const lines = text.split(/[\s,]+/).filter(Boolean);
  const keys = lines.map((line) => Buffer.from(line, 'base64'));
  if (keys.length === 0 || keys.length > MOST_KEYS || keys.some(({ length }) => length !== 32)) throw new KeyError(`${where} has to hold 32 bytes in base64, ${HOW}.`);
  return keys;
}

/** Plain http is for this machine alone: a key on the wire is a key given away. */
function addressOf(text: string | undefined, variable: string): URL {
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
  const local = url && /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(url.hostname);
  if (!url || (url.protocol !== 'https:' && !(local && url.protocol === 'http:'))) throw new KeyError(`${variable} has to be an https:// address.`);
  return url;
}

function vaultSource(rest: string, where: string, variables: SourceVariables): KeySource {
  const [, mount, path, field = 'key'] = /^([\w.-]+)\/([\w./-]+?)(?:#([\w.-]+))?$/.exec(rest) ?? [];
  if (mount === undefined || path === undefined || path.includes('..')) throw new KeyError(`${where} has to name a secret of Vault as vault:MOUNT/PATH#FIELD.`);
  if (!variables.VAULT_TOKEN) throw new KeyError(`${where} names a secret of Vault: set VAULT_ADDR and VAULT_TOKEN.`);
  const address = new URL(`/v1/${mount}/data/${path}`, addressOf(variables.VAULT_ADDR, 'VAULT_ADDR'));
  return { kind: 'vault', where: `vault:${mount}/${path}#${field}`, address, token: variables.VAULT_TOKEN, namespace: variables.VAULT_NAMESPACE, field };
}

function kmsSource(rest: string, where: string, variables: SourceVariables): KeySource {
  const [, region, ciphertext] = /^([a-z]{2}(?:-[a-z]+)+-\d):([A-Za-z0-9+/=]+)$/.exec(rest) ?? [];
  if (region === undefined || ciphertext === undefined) throw new KeyError(`${where} has to name a key encrypted by KMS as kms:REGION:CIPHERTEXT.`);
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: session } = variables;
  if (id === undefined || secret === undefined) throw new KeyError(`${where} names a key of KMS: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`);
  const address = addressOf(variables.AWS_ENDPOINT_URL_KMS ?? `https://kms.${region}.amazonaws.com/`, 'AWS_ENDPOINT_URL_KMS');
  const keys = new Secret({ id, secret: secret.reveal(), ...(session ? { session: session.reveal() } : {}) });
  return { kind: 'kms', where: `kms:${region}`, address, region, keys, ciphertext };
}

/** The keys of a source, the current one first. @throws KeyError where they cannot be had */
export async function readKeys(source: KeySource, now: number): Promise<Buffer[]> {
  switch (source.kind) {
    case 'given':
    case 'file':
      return source.keys.reveal();
    case 'vault':
      return keysIn(await askVault(source), source.where);
    case 'kms':
      return [await askKms(source, now)];
  }
}

async function askVault({ where, address, token, namespace, field }: KeySource & { kind: 'vault' }): Promise<string> {
  const headers = { 'x-vault-token': token.reveal(), 'x-vault-request': 'true', ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }) };
  const answer = (await ask(where, address, { headers })) as { data?: { data?: Record<string, unknown> } };
  const value = answer.data?.data?.[field];
  if (typeof value !== 'string') throw new KeyError(`${where}: the secret has no field ${field} with text in it.`);
  return value;
}

async function askKms({ where, address, region, keys, ciphertext }: KeySource & { kind: 'kms' }, now: number): Promise<Buffer> {
  const body = JSON.stringify({ CiphertextBlob: ciphertext });
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'TrentService.Decrypt' };
  const { host: _host, ...signed } = signAws({ method: 'POST', url: address, headers, body }, keys.reveal(), { region, service: 'kms', now });
  const answer = (await ask(where, address, { method: 'POST', headers: signed, body })) as { Plaintext?: unknown };
  const key = typeof answer.Plaintext === 'string' ? Buffer.from(answer.Plaintext, 'base64') : undefined;
  // What was encrypted may be the 32 bytes themselves, as GenerateDataKey gives them, or their base64, as a person would.
  if (key?.length === 32) return key;
  const [only, another] = key ? keysIn(key.toString('utf8'), where) : [];
  if (!only || another) throw new KeyError(`${where}: what KMS decrypted is not one key of 32 bytes.`);
  return only;
}

/** One call with a time limit and without redirects. What was answered is never quoted: it may hold a key. */
async function ask(where: string, address: URL, request: RequestInit): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(address, { ...request, redirect: 'error', signal: AbortSignal.timeout(ANSWER_MS) });
  } catch {
    throw new KeyError(`${where}: ${address.host} does not answer. Without its root key the server cannot open anything, so it does not start.`);
  }
  if (!response.ok)
    throw new KeyError(
      `${where}: ${address.host} answered ${response.status}. ${response.status === 403 || response.status === 400 ? 'Are its credentials good, and may they read this key?' : ''}`.trim(),
    );
  try {
    return (await response.json()) ?? {};
  } catch {
    throw new KeyError(`${where}: ${address.host} answered with something that is not JSON.`);
  }
}
