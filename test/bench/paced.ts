import { connect, type Socket } from 'node:net';
import { measure, type Kind } from './contest.ts';
import { atLeast, atMost, median, quantile, shown, type Bench } from './figures.ts';
import { pinLoad } from './servers.ts';

const ROUNDS = 3;
const PER_SECOND = 1_000;
const WARM_MS = 1_500;
const MEASURE_MS = 4_000;
const CONNECTIONS = 64;
const PATIENCE_MS = 10_000;

interface Paced {
  p50Ms: number;
  p99Ms: number;
  /** Of the events that were due, those that were answered in the time. */
  answered: number;
  statuses: Record<string, number>;
}

/** P4: events that come at a thousand a second whether or not the last ones are answered. */
export const paced: Bench = async (say) => {
  pinLoad();
  const rounds: { product: Paced; floor: Paced }[] = [];
  const atPace = (kind: Kind) => measure<Paced>(kind, { connections: CONNECTIONS, how: ({ port }, next) => pace(port, next) });
  for (let round = 0; round < ROUNDS; round++) {
    const one = { floor: await atPace('floor'), product: await atPace('product') };
    say(`p99: product ${one.product.p99Ms.toFixed(1)} ms, bare server ${one.floor.p99Ms.toFixed(1)} ms`);
    rounds.push(one);
  }
  return [
    atMost(`p99 of that of the bare server, ${PER_SECOND} events a second`, median(rounds.map(({ product, floor }) => product.p99Ms / floor.p99Ms)), 'x', 3),
    atMost('product, p99', median(rounds.map(({ product }) => product.p99Ms)), 'ms', 25),
    atLeast('product, answered', median(rounds.map(({ product }) => product.answered)), 'of them', 1),
    shown('product, p50', median(rounds.map(({ product }) => product.p50Ms)), 'ms'),
    shown('bare server, p99', median(rounds.map(({ floor }) => floor.p99Ms)), 'ms'),
    shown('bare server, p50', median(rounds.map(({ floor }) => floor.p50Ms)), 'ms'),
  ];
};

/** An open loop. An event's time counts from when it was due, not from when a connection was free for it. */
async function pace(port: number, next: () => string): Promise<Paced> {
  const times: number[] = [];
  const statuses: Record<string, number> = {};
  const free: Socket[] = [];
  const due: number[] = [];
  let open = 0;
  const current = new Map<Socket, number>();
  const send = (socket: Socket, at: number) => {
    current.set(socket, at);
    socket.write(next(), 'latin1');
  };
  const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, () => dial(port)));
  const total = ((WARM_MS + MEASURE_MS) * PER_SECOND) / 1000;
  const begun = performance.now();
  const answered = (socket: Socket, status: string) => {
    statuses[status] = (statuses[status] ?? 0) + 1;
    const at = current.get(socket) ?? Number.NaN;
    if (at - begun >= WARM_MS) times.push(performance.now() - at);
    open -= 1;
    const waiting = due.shift();
    if (waiting === undefined) free.push(socket);
    else send(socket, waiting);
  };
  for (const socket of sockets) {
    socket.on('data', (data) => answered(socket, data.toString('latin1').slice(9, 12)));
    free.push(socket);
  }
  for (let sent = 0; sent < total;) {
    const until = Math.min(total, Math.floor(((performance.now() - begun) * PER_SECOND) / 1000));
    for (; sent < until; sent++) {
      const at = begun + (sent * 1000) / PER_SECOND;
      const socket = free.pop();
      open += 1;
      if (socket) send(socket, at);
      else due.push(at);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const end = performance.now() + PATIENCE_MS;
  while (open > 0 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 10));
  for (const socket of sockets) socket.destroy();
  return { p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99), answered: times.length / ((MEASURE_MS * PER_SECOND) / 1000), statuses };
}

function dial(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}
