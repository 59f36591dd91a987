import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '#lib/root';
import { openDatabase } from '#store/database';
import { asServer } from '#store/scope';
import { put, write, type Account } from '../store/fixtures.ts';

/** Commits two effects of this account in a process that is killed before it can tell anybody. */
export function dieAfterCommit(address: string, account: Account): Promise<void> {
  const program = join(projectRoot, 'test/work/dying.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', program, address, JSON.stringify(account)], { cwd: projectRoot });
  let said = '';
  child.stderr.on('data', (data: Buffer) => (said += data.toString()));
  return new Promise((resolve, reject) => {
    child.on('close', (_code, signal) => (signal === 'SIGKILL' ? resolve() : reject(new Error(said))));
  });
}

const [program, address, account] = process.argv.slice(1);
if (program !== undefined && pathToFileURL(program).href === import.meta.url && address !== undefined && account !== undefined) {
  const to = JSON.parse(account) as Account;
  const effects = [write(to.crm, 'left behind'), write(to.crm, 'left behind too')];
  await asServer(() => put(openDatabase(address), to, 900, ...effects));
  process.kill(process.pid, 'SIGKILL');
}
