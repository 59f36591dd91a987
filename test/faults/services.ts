import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../bench/servers.ts';
import { embedPostgres } from '../store/embedded.ts';
import { runAsAdmin } from '../store/postgres.ts';

/** A server of its own for the product to lean on, that may be killed and comes back where it was. */
export interface Service {
  address: string;
  /** SIGKILL, as the machine's end would be. */
  kill(): Promise<void>;
  /** Starts it again and waits until it answers. */
  revive(): Promise<void>;
  remove(): Promise<void>;
}

const PATIENCE_MS = 60_000;
const LOOK_MS = 50;

/** PostgreSQL from npm, so that none of the machine's is touched; durable as it is shipped. `connections` is how many it takes at once. */
export async function startPostgres(connections = 100): Promise<Service> {
  const { server, databaseDir, address: admin } = await embedPostgres('countersign-faults-postgres', { persistent: true, flags: ['-c', `max_connections=${connections}`] });
  await server.initialise();
  await server.start();
  await runAsAdmin(admin, 'create database product');
  const answers = () =>
    runAsAdmin(admin, 'select 1').then(
      () => true,
      () => false,
    );
  return {
    address: admin.replace(/postgres$/, 'product'),
    async kill() {
      process.kill(Number(readFileSync(join(databaseDir, 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL');
      await until('PostgreSQL to be gone', async () => !(await answers()));
    },
    async revive() {
      // Its children notice within a second that their postmaster is gone; until then the next one refuses to start.
      await until('PostgreSQL to come back', async () => {
        await server.start().catch(() => undefined);
        return answers();
      });
    },
    async remove() {
      await server.stop();
      rmSync(databaseDir, { recursive: true, force: true });
    },
  };
}

/** @throws Error where there is no Redis to start */
export async function startRedis(): Promise<Service> {
  if (spawnSync('redis-server', ['--version']).status !== 0) throw new Error('Restarting Redis needs a redis-server (Debian and Ubuntu: apt-get install redis-server).');
  const port = await freePort();
  const answers = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
      socket.once('data', () => (socket.destroy(), resolve(true)));
      socket.once('error', () => resolve(false));
    });
  const begin = () => spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], { stdio: 'ignore' });
  let child = begin();
  await until('Redis to answer', answers);
  const kill = async () => {
    child.kill('SIGKILL');
    await until('Redis to be gone', async () => !(await answers()));
  };
  return {
    address: `redis://127.0.0.1:${port}`,
    kill,
    async revive() {
      child = begin();
      await until('Redis to come back', answers);
    },
    remove: kill,
  };
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`Waited in vain for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
