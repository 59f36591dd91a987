import type { Fact } from '#core/fact';
import type { JsonObject } from '#lib/json';
import { Problem } from '#core/problem';
import type { Inbound, Notice, RawDelivery } from '#ports/inbound';
import type { Chance } from './chance.ts';
import type { Network, Weather } from './network.ts';
import type { Owner, Scheduler } from './scheduler.ts';
import type { Grant } from './tokens.ts';

/** What a vendor tells of by itself. */
export interface Event {
  key: string;
  account: string;
  kind: string;
  at: number;
  payload: JsonObject;
}
/** Events that a server has answered well: from then on they are its own to keep. */
export type Accepted = Map<string, Event>;

export interface Sender {
  send(book: Grant, kind: string, payload: JsonObject, at: number): void;
}
export interface Hooks extends Sender {
  accepted: Accepted;
  /** Webhooks that are still on their way, or will be sent again. */
  onTheirWay(): number;
}
/** A server as a vendor sees it: an address. */
export interface Hearing extends Owner {
  name: string;
  hear(account: string, delivery: RawDelivery): Promise<{ status: number }>;
}

const SIGNED = 'by the vendor';
const SIGNATURE = 'x-book-signature';
/** When a webhook that was not answered well is sent again, milliseconds. After the last it is given up. */
const RETRIES_MS = [5_000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000, 7_200_000];
const PATIENCE_MS = 5_000;

/** The receiving side of a vendor here: JSON, and a signature that is a word. */
export function inboundOf(decode: (kind: string, at: number, payload: JsonObject) => Fact[]): Inbound {
  return {
    verify: ({ headers }) => (headers[SIGNATURE] === SIGNED ? { ok: true } : { ok: false, reason: 'mismatch' }),
    split({ body }) {
      try {
        return (JSON.parse(Buffer.from(body).toString()) as Notice[]).map(({ account, key, kind, at, payload }) => ({ account, key, kind, at, payload }));
      } catch (error) {
        throw new Problem('delivery.malformed', { cause: error });
      }
    },
    decode: ({ kind, at, payload }) => decode(kind, at, payload as JsonObject),
  };
}

/** Vendors' webhooks on their way: some never leave, some come twice, late, or from somebody else. What is not answered well is sent again, as long as vendors do. */
export function createSender(options: { scheduler: Scheduler; chance: Chance; network: Network; weather: () => Weather; servers: () => readonly Hearing[] }): Hooks {
  const { scheduler, chance, network, weather, servers } = options;
  const accepted: Accepted = new Map();
  const sent = new Map<string, number>();
  let onTheirWay = 0;

  /** Something that a webhook waits for. */
  const later = (ms: number, run: () => void) => {
    onTheirWay++;
    scheduler.after(
      ms,
      () => {
        onTheirWay--;
        run();
      },
      null,
    );
  };

  function deliver(event: Event, attempt: number): void {
    const name = [event.key, attempt];
    const all = servers();
    const server = chance.pick(all, 'which', ...name);
    let answered = false;
    const again = () => {
      const pause = RETRIES_MS[attempt];
      if (pause !== undefined) later(pause * (0.8 + 0.4 * chance.of('pause', ...name)), () => deliver(event, attempt + 1));
    };
    if (!server.alive) return again();
    const delivery: RawDelivery = { method: 'POST', url: '', headers: { [SIGNATURE]: SIGNED, 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify([event])) };
    scheduler.after(
      0,
      () =>
        void server.hear(event.account, delivery).then(({ status }) => {
          answered = status < 300;
          if (answered) accepted.set(event.key, event);
        }),
      server,
    );
    // The sender waits so long, whatever became of the server; and some answers get lost on their way.
    later(PATIENCE_MS, () => void (answered && chance.of('ack', ...name) >= weather().lostReply ? undefined : again()));
  }

  return {
    accepted,
    onTheirWay: () => onTheirWay,
    send(book, kind, payload, at) {
      const nth = (sent.get(book.name) ?? 0) + 1;
      sent.set(book.name, nth);
      const event: Event = { key: `hook|${book.name}|${nth}`, account: book.name, kind, at, payload };
      const does = (fault: keyof Weather) => {
        const yes = chance.of('hook', event.key, fault) < weather()[fault];
        if (yes) network.hit(fault);
        return yes;
      };
      if (does('forged')) forge(event);
      if (does('lost')) return;
      const wait = does('late') ? chance.between(60_000, 40 * 60_000, 'late', event.key) : chance.between(50, 3_000, 'soon', event.key);
      later(wait, () => deliver(event, 0));
      if (does('repeated')) later(wait + chance.between(0, 3_600_000, 'again', event.key), () => deliver(event, 0));
    },
  };

  /** Says the opposite under the same key, and is not signed. */
  function forge(event: Event): void {
    const server = chance.pick(servers(), 'forged', event.key);
    const headers = { [SIGNATURE]: 'by somebody', 'content-type': 'application/json' };
    const body = Buffer.from(JSON.stringify([{ ...event, payload: { ...event.payload, forged: true } }]));
    scheduler.after(10, () => void server.hear(event.account, { method: 'POST', url: '', headers, body }), server);
  }
}
