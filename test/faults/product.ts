import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '#lib/root';

const START_MS = 180_000;
const READY = /ready at http/;
const MOST_KEPT = 20_000;

/** One process of the product, or of a program that stands for it. */
export interface Running {
  pid: number;
  port: number;
  address: string;
  /** Milliseconds from its start until it said that it was ready. @rejects Error where it ended before */
  ready: Promise<number>;
  isRunning(): boolean;
  /** What it printed, its beginning cut off where it is long. */
  said(): string;
  /** SIGKILL; resolves once the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves to its exit code, null where a signal ended it. */
  stop(): Promise<number | null>;
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
}

let built: string | null = null;

/**
 * Compiles the product into a folder of its own, beside links to everything else of the project: a long run is not disturbed by what is written meanwhile, and
 * starts in half the time that the source takes. Once a run; `FAULTS_BUILD` names a folder that outlives it. Returns the folder.
 */
export function buildProduct(): string {
  if (built !== null) return built;
  const kept = process.env['FAULTS_BUILD'];
  const folder = kept ?? mkdtempSync(join(tmpdir(), 'countersign-faults-build-'));
  built = folder;
  if (existsSync(join(folder, 'dist/src/main.js'))) return folder;
  if (kept === undefined) process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  execFileSync(process.execPath, ['esbuild.config.js', join(folder, 'dist')], { cwd: projectRoot, stdio: ['ignore', 2, 2] });
  for (const name of readdirSync(projectRoot)) if (name !== 'dist' && name !== '.git' && !existsSync(join(folder, name))) symlinkSync(join(projectRoot, name), join(folder, name));
  return folder;
}

export const serving = (build: string): string[] => [join(build, 'dist/src/main.js'), 'serve'];

/** Starts a Node program and does not wait. A fixed `port` lets it come back where it was. */
export function launch(args: readonly string[], port: number, environment: Record<string, string>): Running {
  const begun = performance.now();
  const child = spawn(process.execPath, args, {
    cwd: projectRoot,
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', HOST: '127.0.0.1', PORT: String(port), LOG_LEVEL: 'error', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.pid === undefined) throw new Error('The process could not be started.');
  let said = '';
  let running = true;
  const closed = new Promise<number | null>((resolve) =>
    child.once('close', (code) => {
      running = false;
      resolve(code);
    }),
  );
  const ready = readiness(child, closed, () => said, begun);
  // Who kills it before it is ready does not ask.
  ready.catch(() => undefined);
  const listen = (data: Buffer) => void (said = (said + data.toString()).slice(-MOST_KEPT));
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  return {
    pid: child.pid,
    port,
    address: `http://127.0.0.1:${port}`,
    ready,
    isRunning: () => running,
    said: () => said,
    async kill() {
      child.kill('SIGKILL');
      await closed;
    },
    async stop() {
      child.kill('SIGTERM');
      return closed;
    },
    signal: (name) => void child.kill(name),
  };
}

function readiness(child: ChildProcess, closed: Promise<number | null>, said: () => string, begun: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`The process was not ready in time: ${said()}`)), START_MS);
    void closed.then((code) => {
      clearTimeout(late);
      reject(new Error(`The process ended with ${String(code)}: ${said()}`));
    });
    const look = () => {
      if (!READY.test(said())) return;
      clearTimeout(late);
      resolve(performance.now() - begun);
    };
    child.stdout?.on('data', () => setImmediate(look));
  });
}
