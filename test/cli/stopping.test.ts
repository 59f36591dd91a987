import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { projectRoot } from '#lib/root';

const WAITING = `
const { onceAskedToStop } = await import(${JSON.stringify(join(projectRoot, 'src/cli/stopping.ts'))});
const lives = setInterval(() => {}, 1000);
onceAskedToStop(() => { console.log('stops'); clearInterval(lives); });
console.log('pid', process.pid);
`;

/** A shell that runs the program and waits for it, as npm's does. */
async function start(variables: NodeJS.ProcessEnv): Promise<{ shell: ChildProcess; pid: number; said: () => string }> {
  const program = `"${process.execPath}" --import tsx --input-type=module -e "$WAITING"; true`;
  const { npm_lifecycle_event: _event, ...environment } = process.env;
  const shell = spawn('sh', ['-c', program], { cwd: projectRoot, env: { ...environment, ...variables, WAITING }, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  shell.stdout.on('data', (some: Buffer) => (said += some.toString()));
  await expect.poll(() => said, { timeout: 60_000 }).toMatch(/pid \d+\n/);
  const pid = Number(/pid (\d+)/.exec(said)?.[1]);
  onTestFinished(() => void (lives(pid) && process.kill(pid, 'SIGKILL')));
  return { shell, pid, said: () => said };
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('a signal stops it once', async () => {
  const { shell, pid, said } = await start({});
  process.kill(pid, 'SIGTERM');
  await once(shell, 'close');
  expect(said().match(/stops/g)).toHaveLength(1);
});

test('so does the end of the npm that started it', async () => {
  const { shell, pid, said } = await start({ npm_lifecycle_event: 'start' });
  shell.kill('SIGTERM');
  await expect.poll(() => lives(pid)).toBe(false);
  expect(said().match(/stops/g)).toHaveLength(1);
});

test('a shell that ends takes nobody with it where npm had no part in it', async () => {
  const { shell, pid, said } = await start({});
  shell.kill('SIGTERM');
  await once(shell, 'exit');
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(lives(pid)).toBe(true);
  expect(said()).not.toContain('stops');
});
