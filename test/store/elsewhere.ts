import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '#lib/root';
import type { Job } from './process.ts';

/** Runs a job on a database in a process of its own, and gives back what it found. */
export function elsewhere<Found>(job: Job, address: string, input: unknown = null): Promise<Found> {
  const program = join(projectRoot, 'test/store/process.ts');
  const child = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', program, job, address, JSON.stringify(input)], { cwd: projectRoot });
  let found = '';
  let said = '';
  child.stdout.on('data', (data: Buffer) => (found += data.toString()));
  child.stderr.on('data', (data: Buffer) => (said += data.toString()));
  return new Promise((resolve, reject) => {
    child.on('close', (code) => (code === 0 ? resolve(JSON.parse(found) as Found) : reject(new Error(said))));
  });
}
