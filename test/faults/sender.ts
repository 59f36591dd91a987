import { connect, type Socket } from 'node:net';

/** One event that a vendor tells, until it is told that it was heard. */
export interface Event {
  /** Stands in the key under which the product keeps it. */
  mark: string;
  /** The request as it goes over the wire; made anew for each attempt, as vendors do. */
  request: () => string;
}
export interface Sender {
  /** Marks of the events that were answered 2xx. */
  acknowledged: ReadonlySet<string>;
  /** Answers by status; 0 where the connection broke or nothing came in time. */
  statuses: Readonly<Record<string, number>>;
  /** The longest time an answer took, milliseconds. */
  slowestMs(): number;
  /** Answers that came later than `ms`. */
  laterThan(ms: number): number;
  /** Requests that have gone out and wait for their answer. */
  inFlight(): number;
  /** Begins no new event; those that are not acknowledged are repeated until they are, or until `patienceMs` is over. Returns what is left. */
  finish(patienceMs: number): Promise<string[]>;
  /** Stops at once. */
  abandon(): Promise<string[]>;
}

const AGAIN_MS = 20;
const TIMEOUT_MS = 30_000;

/**
 * As vendors do: several connections, one event at a time on each, the same one again after every refusal and every broken connection. `to` is asked before each
 * attempt, so that a server may come back elsewhere.
 */
export function startSender({ to, connections, next, paceMs = 0 }: { to: () => number; connections: number; next: () => Event; paceMs?: number }): Sender {
  const acknowledged = new Set<string>();
  const statuses: Record<string, number> = {};
  const times: number[] = [];
  const begun = new Set<string>();
  let inFlight = 0;
  let finishing = false;
  let stopped = false;

  async function drive(): Promise<void> {
    let line: Line | null = null;
    while (!finishing && !stopped) {
      const event = next();
      begun.add(event.mark);
      while (!stopped) {
        line ??= openLine(to());
        inFlight += 1;
        const sentAt = performance.now();
        const status = await line.ask(event.request());
        inFlight -= 1;
        statuses[status] = (statuses[status] ?? 0) + 1;
        times.push(performance.now() - sentAt);
        if (status === 0) line = dropped(line);
        if (status >= 200 && status < 300) {
          acknowledged.add(event.mark);
          break;
        }
        await pause(AGAIN_MS);
      }
      if (paceMs > 0) await pause(paceMs);
    }
    line?.close();
  }
  const drivers = Promise.all(Array.from({ length: connections }, drive));

  return {
    acknowledged,
    statuses,
    slowestMs: () => times.reduce((most, one) => Math.max(most, one), 0),
    laterThan: (ms) => times.filter((one) => one > ms).length,
    inFlight: () => inFlight,
    async finish(patienceMs) {
      finishing = true;
      const late = setTimeout(() => (stopped = true), patienceMs);
      await drivers;
      clearTimeout(late);
      return [...begun].filter((mark) => !acknowledged.has(mark));
    },
    async abandon() {
      stopped = true;
      await drivers;
      return [...begun].filter((mark) => !acknowledged.has(mark));
    },
  };
}

function dropped(line: Line): null {
  line.close();
  return null;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Line {
  /** The status of the answer; 0 where none came. */
  ask(request: string): Promise<number>;
  close(): void;
}

/** A connection that is kept, one request at a time. */
function openLine(port: number): Line {
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let received = '';
  let answered: (status: number) => void = () => undefined;
  let broken = false;
  const breakOff = () => {
    broken = true;
    answered(0);
  };
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy());
  socket.once('error', breakOff);
  socket.once('close', breakOff);
  socket.on('data', (data) => {
    received += data.toString('latin1');
    if (!isWhole(received)) return;
    const status = Number(received.slice(9, 12));
    const closes = /\r\nconnection: close\r\n/i.test(received);
    received = '';
    if (closes) broken = true;
    answered(status);
  });
  return {
    ask: (request) =>
      new Promise((resolve) => {
        if (broken) return resolve(0);
        answered = resolve;
        socket.write(request, 'latin1');
      }),
    close: () => void socket.destroy(),
  };
}

/** Whether an answer has arrived in full. */
function isWhole(answer: string): boolean {
  const head = answer.indexOf('\r\n\r\n');
  if (head < 0) return false;
  const length = /content-length: (\d+)/i.exec(answer.slice(0, head))?.[1];
  if (length !== undefined) return answer.length >= head + 4 + Number(length);
  return !/transfer-encoding: chunked/i.test(answer.slice(0, head)) || answer.endsWith('0\r\n\r\n');
}
