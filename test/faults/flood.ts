import { connect, type Socket } from 'node:net';
import type { Event } from './sender.ts';

/** What became of one event; times are milliseconds of the run. */
export interface Told {
  mark: string;
  /** 0 where the connection was refused or closed without an answer, null where nothing came at all. */
  status: number | null;
  dueAt: number;
  /** Null where its sender gave up before a connection was free. */
  sentAt: number | null;
  toldAt: number;
  /** Whether the answer said when to come back. */
  saysWhen: boolean;
  /** Whether its connection had to be opened first, or none could be had. */
  isNew: boolean;
}
export interface Flood {
  port: number;
  /** Events a second at that moment of the run. */
  perSecond: (ms: number) => number;
  lastsMs: number;
  next: () => Event;
}

const TICK_MS = 2;
/** A sender that finds no connection gives up after so long, as vendors do. */
const UNSENT_MS = 5_000;
/** After it an event counts as never answered. */
const GIVE_UP_MS = 30_000;
/** The server takes 1,024 connections of an address, and 4,096 in all. */
const ADDRESSES = 4;
const CONNECTIONS = 3_000;
const MOST_CONNECTIONS = 3_600;
/** Opened so many at a time: all at once is a flood of its own. */
const OPENED_AT_A_TIME = 50;
const OPEN_PAUSE_MS = 25;

/**
 * Events at a given rate, whether the ones before were answered or not, as of many senders that know nothing of each other. Each takes a connection that is free, or opens
 * one. Time counts from the moment when an event was due. Nothing is sent again.
 */
export async function flood({ port, perSecond, lastsMs, next }: Flood): Promise<Told[]> {
  const told: Told[] = [];
  const free: Line[] = [];
  const unsent: (Event & { dueAt: number })[] = [];
  const under = new Map<string, Pick<Told, 'mark' | 'dueAt' | 'sentAt'>>();
  for (let open = 0; open < CONNECTIONS; open++) {
    free.push(openLine(port, `127.0.0.${2 + (open % ADDRESSES)}`));
    if (open % OPENED_AT_A_TIME === 0) await pause(OPEN_PAUSE_MS);
  }
  const begun = performance.now();
  const elapsed = () => performance.now() - begun;
  let open = CONNECTIONS;

  function use(line: Line, isNew = false): void {
    let event = unsent.shift();
    for (; event && elapsed() - event.dueAt > UNSENT_MS; event = unsent.shift()) giveUp(event.mark, event.dueAt);
    if (!event) return void free.push(line);
    const { mark, dueAt } = event;
    const one = { mark, dueAt, sentAt: elapsed() };
    under.set(mark, one);
    line.ask(event.request(), ({ status, saysWhen, isOpen }) => {
      under.delete(mark);
      told.push({ ...one, status, toldAt: elapsed(), saysWhen, isNew });
      if (isOpen) return use(line);
      open -= 1;
      if (unsent.length > 0) openOne();
    });
  }
  const giveUp = (mark: string, dueAt: number) => void told.push({ mark, dueAt, sentAt: null, status: null, toldAt: elapsed(), saysWhen: false, isNew: false });
  function openOne(): void {
    if (open < MOST_CONNECTIONS) use(openLine(port, `127.0.0.${2 + (open++ % ADDRESSES)}`), true);
  }

  let due = 0;
  for (let last = 0, now = 0; now < lastsMs; last = now) {
    await pause(TICK_MS);
    now = elapsed();
    for (due += (perSecond(now) * (now - last)) / 1000; due >= 1; due--) {
      unsent.push({ ...next(), dueAt: now });
      // In turn, so that none is idle for so long that the server closes it.
      const line = free.shift();
      if (line) use(line);
      else openOne();
    }
  }
  while (unsent.length + under.size > 0 && elapsed() < lastsMs + GIVE_UP_MS) await pause(20);
  for (const one of under.values()) told.push({ ...one, status: null, toldAt: elapsed(), saysWhen: false, isNew: true });
  for (const { mark, dueAt } of unsent.splice(0)) giveUp(mark, dueAt);
  return told;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Reply {
  status: number;
  saysWhen: boolean;
  isOpen: boolean;
}
interface Line {
  ask(request: string, tell: (reply: Reply) => void): void;
}

/** A connection that is kept, one request at a time. It does not keep the process. */
function openLine(port: number, localAddress: string): Line {
  const socket: Socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true }).unref();
  let received = '';
  let waits: ((reply: Reply) => void) | null = null;
  const settle = (reply: Reply) => {
    const tell = waits;
    waits = null;
    tell?.(reply);
  };
  const none: Reply = { status: 0, saysWhen: false, isOpen: false };
  socket.on('error', () => undefined).once('close', () => settle(none));
  socket.on('data', (data) => {
    received += data.toString('latin1');
    const end = received.indexOf('\r\n\r\n');
    const head = received.slice(0, Math.max(0, end));
    if (end < 0 || received.length < end + 4 + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)) return;
    received = '';
    const isOpen = !/\r\nconnection: close/i.test(head);
    settle({ status: Number(head.slice(9, 12)), saysWhen: /\r\nretry-after: \d/i.test(head), isOpen });
    if (!isOpen) socket.destroy();
  });
  return {
    ask(request, tell) {
      if (socket.destroyed) return tell(none);
      waits = tell;
      socket.write(request, 'latin1');
    },
  };
}
