import { connect, type Socket } from 'node:net';
import { quantile } from './figures.ts';

export interface Load {
  port: number;
  connections: number;
  warmMs: number;
  measureMs: number;
  /** Ends after so many answers, if time does not end it. */
  count?: number;
  /** The next request, as it goes over the wire. */
  next: () => string;
}
export interface LoadResult {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Answers by status, those of the warm-up included. */
  statuses: Record<string, number>;
}

/**
 * Keeps each connection busy with one request at a time. Plain sockets: `fetch` spends more on a request than the servers under test do,
 * and would be what is measured.
 */
export async function load({ port, connections, warmMs, measureMs, count = Infinity, next }: Load): Promise<LoadResult> {
  const statuses: Record<string, number> = {};
  const times: number[] = [];
  const begun = performance.now();
  const from = begun + warmMs;
  const end = from + measureMs;
  let sent = Math.min(connections, count);
  await Promise.all(
    Array.from({ length: sent }, () =>
      drive(port, next, (status, sentAt, now) => {
        statuses[status] = (statuses[status] ?? 0) + 1;
        if (now >= from && now < end) times.push(now - sentAt);
        return now < end && sent++ < count;
      }),
    ),
  );
  const seconds = Math.min(measureMs, performance.now() - from) / 1000;
  return { perSecond: times.length / seconds, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99), statuses };
}

function drive(port: number, next: () => string, answered: (status: string, sentAt: number, now: number) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let sentAt = 0;
    let received = '';
    const send = () => {
      const request = next();
      sentAt = performance.now();
      socket.write(request, 'latin1');
    };
    socket.once('connect', send);
    socket.on('data', (data) => {
      received += data.toString('latin1');
      if (!isWhole(received)) return;
      const status = received.slice(9, 12);
      received = '';
      if (answered(status, sentAt, performance.now())) send();
      else finish(socket, resolve);
    });
    socket.once('error', reject);
  });
}

function finish(socket: Socket, done: () => void): void {
  socket.removeAllListeners('error');
  socket.on('error', () => undefined);
  socket.destroy();
  done();
}

/** Whether an answer has arrived in full. */
function isWhole(answer: string): boolean {
  const head = answer.indexOf('\r\n\r\n');
  if (head < 0) return false;
  const length = /content-length: (\d+)/i.exec(answer.slice(0, head))?.[1];
  if (length !== undefined) return answer.length >= head + 4 + Number(length);
  return !/transfer-encoding: chunked/i.test(answer.slice(0, head)) || answer.endsWith('0\r\n\r\n');
}
