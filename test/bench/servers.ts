import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '#lib/root';

/** Servers get this core and the load the other, so that they do not share one. */
const SERVER_CORE = 0;
const LOAD_CORE = 1;
const START_MS = 30_000;
const READY = /ready at http/;

const canPin = availableParallelism() > 1 && spawnSync('taskset', ['-V']).status === 0;
/** How a program of the bench, or of the product, is run from its source. */
export const FROM_SOURCE = ['--import', 'tsx'];
export const PRODUCT = ['dist/src/main.js', 'serve'];

export interface Server {
  port: number;
  address: string;
  pid: number;
  /** From the start of the process to the line that says that it is ready, milliseconds. */
  startMs: number;
  /** Resident memory, MiB. */
  residentMb(): number;
  /** CPU time used so far, milliseconds. */
  cpuMs(): number;
  stop(): Promise<void>;
  /** Stands still, as if it were not there, until it goes on. */
  freeze(): void;
  thaw(): void;
}

/** Compiles the product, as `npm start` does. */
export function buildProduct(): void {
  execFileSync(process.execPath, ['esbuild.config.js'], { cwd: projectRoot, stdio: ['ignore', 2, 2] });
}

/** Moves this process off the servers' core. */
export function pinLoad(): void {
  if (canPin) spawnSync('taskset', ['-a', '-c', '-p', String(LOAD_CORE), String(process.pid)]);
}

/** Starts a Node program and waits until it says where it listens. */
export async function startServer(args: string[], environment: Record<string, string>, options: { pinned?: boolean; profile?: string } = {}): Promise<Server> {
  const node = options.profile ? [process.execPath, '--cpu-prof', `--cpu-prof-dir=${options.profile}`] : [process.execPath];
  const [command = process.execPath, ...rest] = [...(options.pinned !== false && canPin ? ['taskset', '-c', String(SERVER_CORE)] : []), ...node, ...args];
  const port = await freePort();
  const begun = performance.now();
  const child = spawn(command, rest, {
    cwd: projectRoot,
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', HOST: '127.0.0.1', PORT: String(port), LOG_LEVEL: 'warn', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return new Promise((resolve, reject) => {
    let said = '';
    const late = setTimeout(() => reject(new Error(`The server was not ready in time: ${said}`)), START_MS);
    void closed.then(() => reject(new Error(`The server ended: ${said}`)));
    const listen = (data: Buffer) => {
      if (said.length < 20_000) said += data.toString();
      if (!READY.test(said) || child.pid === undefined) return;
      clearTimeout(late);
      const { pid } = child;
      const stop = async () => {
        child.kill(options.profile ? 'SIGTERM' : 'SIGKILL');
        await closed;
      };
      const signals = { freeze: () => void child.kill('SIGSTOP'), thaw: () => void child.kill('SIGCONT') };
      resolve({ port, address: `http://127.0.0.1:${port}`, pid, startMs: performance.now() - begun, residentMb: () => residentMb(pid), cpuMs: () => cpuMs(pid), stop, ...signals });
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
  });
}

/** A live server names its public address when it is ready, not where it listens. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** Linux counts in ticks of 10 ms. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Runs `work` with a folder that is removed after it. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
