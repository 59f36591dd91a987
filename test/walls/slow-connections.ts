import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Hono } from 'hono';
import { readDelivery } from '#http/requests';
import { createListener } from '#src/listener';

/**
 * What strangers cost who hold connections open and say their bodies a little at a time: memory of a server of its own, beside 10,000 of them, and whether an honest request still gets through. Run by hand:
 * `npx tsx test/walls/slow-connections.ts`
 */
const CONNECTIONS = 10_000;
const AT_ONCE = 200;
const PAUSE_MS = 3_000;

async function serve(): Promise<void> {
  const app = new Hono();
  app.post('/take', async (c) => c.text(String((await readDelivery(c, 'https://countersign.example.com', 1_000_000)).body.length)));
  // Whoever hangs up in the midst is no news here.
  app.onError((_error, c) => c.text('', 400));
  const address = await createListener(app, { ofAnAddress: null }).listen('127.0.0.1', 0);
  process.send?.({ address });
}

const residentMb = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

async function hold(port: number): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(null));
    socket.once('close', () => resolve(null));
    socket.once('connect', () => {
      socket.write('POST /take HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n');
      setTimeout(() => resolve(socket.destroyed ? null : socket), 50);
    });
  });
}

async function measure(): Promise<void> {
  const child = fork(fileURLToPath(import.meta.url), ['serve'], { execArgv: process.execArgv });
  const address = await new Promise<string>((resolve) => child.once('message', (message) => resolve((message as { address: string }).address)));
  const pid = child.pid ?? 0;
  await (await fetch(`${address}/take`, { method: 'POST', body: 'x' })).text();
  const before = residentMb(pid);
  const held: Socket[] = [];
  for (let made = 0; made < CONNECTIONS; made += AT_ONCE) {
    const sockets = await Promise.all(Array.from({ length: AT_ONCE }, () => hold(Number(new URL(address).port))));
    held.push(...sockets.flatMap((socket) => socket ?? []));
  }
  for (const socket of held) if (!socket.destroyed) socket.write('x'.repeat(100));
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  const open = held.filter((socket) => !socket.destroyed).length;
  console.log(`${CONNECTIONS} came, ${open} are held, ${(residentMb(pid) - before).toFixed(0)} MB more than the ${before.toFixed(0)} MB before`);
  for (const socket of held.slice(0, 10)) socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 100));
  console.log(`an honest request is answered ${(await fetch(`${address}/take`, { method: 'POST', body: 'x' })).status}`);
  for (const socket of held) socket.destroy();
  child.kill();
}

await (process.argv[2] === 'serve' ? serve() : measure());
