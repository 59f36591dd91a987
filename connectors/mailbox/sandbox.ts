import { Hono, type Context } from 'hono';
import type { Clock } from '#lib/clock';
import type { Json } from '#lib/json';
import type { Mail } from '#ports/sandbox';
import { documentOf, servePages } from '#shared/sandbox/page.tsx';
import { AbsentPage, InboxPage, MailPage, type Place } from './pages.tsx';

/** A mail as it lies in the box. */
export interface StoredMail extends Mail {
  id: number;
  read: boolean;
}
export interface MailboxOptions {
  /** Absolute address at which `app` is reached, without a slash at the end. */
  baseUrl: () => string;
  clock: Clock;
  /** The other parts of the world, for links from page to page. */
  elsewhere?: () => { label: string; href: string }[];
  /** What `state()` gave before a restart. */
  state?: Json;
}
export interface Mailbox {
  app: Hono;
  /** Takes a mail of any sandbox; no mail ever leaves the machine. */
  deliver(mail: Mail): void;
  /** Oldest first. */
  list(): StoredMail[];
  state(): Json;
  clear(): void;
}

/** Older mails go when the box is full. */
const MOST_MAILS = 2000;

/** One mailbox that shows everybody's mail, in place of the recipients' own. */
export function createMailbox({ baseUrl, clock, state, elsewhere }: MailboxOptions): Mailbox {
  const mails: StoredMail[] = Array.isArray(state) ? (structuredClone(state) as unknown as StoredMail[]) : [];
  let lastId = Math.max(0, ...mails.map(({ id }) => id));

  const place = (): Place => ({ base: baseUrl(), elsewhere: elsewhere?.() ?? [] });
  const app = new Hono();
  servePages(app);
  const inbox = (c: Context) => {
    const to = c.req.query('to') ?? '';
    const shown = mails.filter((mail) => !to || mail.to === to).reverse();
    const people = [...new Map(mails.map((mail) => [mail.to, mail.toName])).entries()].sort(([a], [b]) => a.localeCompare(b));
    return c.html(documentOf(InboxPage({ place: place(), mails: shown, people, to, now: clock.now() })));
  };
  app.get('/', inbox);
  app.get('/mails/:id', (c) => {
    const mail = mails.find(({ id }) => String(id) === c.req.param('id'));
    if (!mail) return absent(c);
    mail.read = true;
    return c.html(documentOf(MailPage({ place: place(), mail, now: clock.now() })));
  });
  // Mounted under a path, the slash at its end is an address of its own to the router.
  app.get('/*', (c) => (c.req.path === `${new URL(baseUrl()).pathname}/` ? inbox(c) : absent(c)));
  const absent = (c: Context) => c.html(documentOf(AbsentPage({ place: place() })), 404);

  return {
    app,
    deliver(mail) {
      mails.push({ ...mail, id: ++lastId, read: false });
      if (mails.length > MOST_MAILS) mails.splice(0, mails.length - MOST_MAILS);
    },
    list: () => mails.map((mail) => ({ ...mail })),
    state: () => JSON.parse(JSON.stringify(mails)) as Json,
    clear: () => {
      mails.length = 0;
    },
  };
}
