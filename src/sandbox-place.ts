import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import type { Json } from '#lib/json';
import type { Db } from '#store/database';
import { listInstalls, listTenants, updateInstall } from '#store/installs';
import type { Config } from './config.ts';

/** What the sandbox world keeps over restarts: what each part of it holds, and at which address it stood. */
type SandboxFile = Record<string, Json>;

/** It lies beside the database; null where there is no place for it. */
export const sandboxFile = ({ database }: Config): string | null => (database === ':memory:' || database.includes('://') ? null : `${database}.sandbox.json`);

/** What the parts kept. Their mails, webhooks and records hold addresses of the world itself; as they are read here, these lead to where it stands now. */
export function readSandboxFile(path: string, address: string): SandboxFile {
  if (!existsSync(path)) return {};
  const former = formerAddress(path);
  const text = readFileSync(path, 'utf8');
  return JSON.parse(former === undefined || former === address ? text : text.replaceAll(`${new URL(former).host}/`, `${new URL(address).host}/`)) as SandboxFile;
}

/** Whole or not at all: a process that is killed while it writes leaves the file before. */
export function writeSandboxFile(path: string, parts: SandboxFile, address: string): void {
  writeFileSync(`${path}.new`, JSON.stringify({ ...parts, address }));
  renameSync(`${path}.new`, path);
}

/**
 * For a sandbox world that was here before. Its server has to know its port before it opens; a command beside a server looks for it where it stands,
 * whichever port is configured.
 */
export async function placeAgain(config: Config, serve: boolean): Promise<{ config: Config; former?: string }> {
  const file = sandboxFile(config);
  const former = file === null ? undefined : formerAddress(file);
  if (former === undefined) return { config };
  if (!serve) return { config, former };
  return { config: config.port === 0 ? { ...config, port: await freePort(config.host) } : config };
}

/** Accounts keep the address at which they were connected. They follow the sandbox to where it stands now. */
export async function followSandbox(db: Db, address: string): Promise<void> {
  const home = new URL(address);
  const before = new RegExp(`${home.hostname.replaceAll('.', '\\.')}(:\\d+)?(?=/sandbox/)`, 'g');
  for (const { id: tenant } of await listTenants(db))
    for (const { id, base_url, details } of await listInstalls(db, tenant)) {
      const moved = { base_url: base_url.replace(before, home.host), details: details.replace(before, home.host) };
      if (moved.base_url !== base_url || moved.details !== details) await updateInstall(db, tenant, id, moved);
    }
}

function formerAddress(path: string): string | undefined {
  const address = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as SandboxFile)['address'] : undefined;
  return typeof address === 'string' ? address : undefined;
}

/** Never the former one: who kept a connection to the server that was there would find it closed. */
function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port: 0 }, () => {
      const { port: taken } = server.address() as AddressInfo;
      server.close(() => resolve(taken));
    });
  });
}
