import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '#lib/root';
import type { Job } from './process.ts';

function start(job: Job, address: string, input: unknown): ChildProcessWithoutNullStreams {
  const program = join(projectRoot, 'test/store/process.ts');
  return spawn(process.execPath, ['--import', 'tsx', program, job, address, JSON.stringify(input)], { cwd: projectRoot });
}

/** Migrates in a process that is killed before a statement. Returns the signal that ended it; null where there are fewer statements. */
export function killedBefore(statement: number, address: string): Promise<NodeJS.Signals | null> {
  const child = start('migrateUntil', address, { statement });
  return new Promise((resolve) => child.on('close', (_code, signal) => resolve(signal)));
}

/** Runs a job on a database in a process of its own, and gives back what it found. */
export function elsewhere<Found>(job: Job, address: string, input: unknown = null): Promise<Found> {
  const child = start(job, address, input);
  let found = '';
  let said = '';
  child.stdout.on('data', (data: Buffer) => (found += data.toString()));
  child.stderr.on('data', (data: Buffer) => (said += data.toString()));
  return new Promise((resolve, reject) => {
    child.on('close', (code) => (code === 0 ? resolve(JSON.parse(found) as Found) : reject(new Error(said))));
  });
}
