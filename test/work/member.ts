import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '#lib/root';
import type { Config } from '#src/config';
import { freePort } from '../bench/servers.ts';

/** One of several processes of the product, which share a database. */
export interface Member {
  role: Config['role'];
  address: string;
  port: number;
  pid: number;
  said(): string;
  /** As an orchestrator does. Resolves to the exit code, null where a signal ended it. */
  stop(): Promise<number | null>;
  /** At once. */
  kill(): Promise<void>;
}

export interface MemberOptions {
  role: Config['role'];
  database: string;
  /** Where vendors and browsers reach the product. */
  publicUrl: string;
  key: string;
  pool?: number;
}

const READY = /^ready$/m;
const START_MS = 80_000;
const STOP_MS = 20_000;

/** Starts the product in a process of its own, in one role. */
export async function startMember({ role, database, publicUrl, key, pool = 6 }: MemberOptions): Promise<Member> {
  const port = await freePort();
  const child = spawn(process.execPath, ['--import', 'tsx', join(projectRoot, 'test/work/member.ts'), role], {
    cwd: projectRoot,
    env: { PATH: process.env['PATH'], DATABASE_URL: database, PUBLIC_URL: publicUrl, COUNTERSIGN_KEY: key, COUNTERSIGN_POOL: String(pool), PORT: String(port), LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const closed = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    const code = await closed;
    clearTimeout(late);
    return code;
  };
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`The ${role} was not ready in time: ${said}`)), START_MS);
    void closed.then(() => reject(new Error(`The ${role} ended: ${said}`)));
    const listen = (data: Buffer) => {
      said = (said + data.toString()).slice(-20_000);
      if (!READY.test(said) || child.pid === undefined) return;
      clearTimeout(late);
      const kill = async () => void (await end('SIGKILL'));
      resolve({ role, address: `http://127.0.0.1:${port}`, port, pid: child.pid, said: () => said, stop: () => end('SIGTERM'), kill });
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
  });
}

// The program: the product as it is started, but for vendors that another process plays. A role beside the sandbox is refused by the configuration, and rightly so.
const [program, role] = process.argv.slice(1);
if (program !== undefined && pathToFileURL(program).href === import.meta.url) {
  const { loadConfig } = await import('#src/config');
  const { createWorld } = await import('#src/world');
  const world = await createWorld(
    { ...loadConfig(process.env, { mode: 'sandbox', coalesceMs: 100, ceiling: { sends: 100_000, minutes: 3, firstRun: 100_000 } }), role: role as Config['role'] },
    { serve: false },
  );
  process.once('SIGTERM', () => void world.stop().then(() => process.exit(0)));
  await world.start();
  console.log('ready');
}
