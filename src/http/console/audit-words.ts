import { at, type ConsoleContext } from './context.ts';

/** What people did, as it is read; the names in the ledger are for machines. */
const DID: Record<string, string> = {
  'api-key.made': 'Made a key of the API',
  'api-key.withdrawn': 'Withdrew a key of the API',
  'attribution.corrected': 'Corrected an attribution',
  'capture-page.closed': 'Closed a capture page',
  'capture-page.saved': 'Saved a capture page',
  'capture-page.shown': 'Showed a version of a capture page',
  'consent-text.published': 'Published a consent text',
  'consent.exported': 'Exported the proof of a consent',
  'consent.reported': 'Reported consent',
  'effect.discarded': 'Discarded an effect',
  'effect.replayed': 'Replayed an effect',
  'endpoint.added': 'Added a webhook endpoint',
  'endpoint.changed': 'Changed a webhook endpoint',
  'endpoint.deleted': 'Deleted a webhook endpoint',
  'endpoint.disabled': 'Disabled a webhook endpoint',
  'endpoint.enabled': 'Enabled a webhook endpoint',
  'endpoint.secret-rotated': 'Rotated the secret of a webhook endpoint',
  'endpoint.tested': 'Sent a test event',
  'envelope.remind-requested': 'Asked for a reminder',
  'envelope.void-requested': 'Asked for a void',
  'hold.discarded': 'Discarded held sends',
  'hold.released': 'Released held sends',
  'install.backfilled': 'Wrote records of ended envelopes',
  'install.card-key-made': 'Made a key for the CRM’s components',
  'install.day-share-set': 'Set the share of the day’s calls',
  'install.granted': 'Connected an account',
  'install.left': 'Disconnected an account',
  'install.listening-begun': 'Began to listen for changes',
  'install.listening-ended': 'Stopped listening for changes',
  'install.sending-allowed': 'Allowed a test account to send',
  'install.sending-forbidden': 'Forbade a test account to send',
  'install.webhook-keys-set': 'Set webhook keys',
  'mapping.activated': 'Made a version of a mapping active',
  'mapping.saved': 'Saved a mapping',
  'message.replayed': 'Sent a webhook message again',
  'messages.replayed': 'Sent failed webhook messages again',
  'notice.discarded': 'Discarded a notice',
  'notice.replayed': 'Tried a notice again',
  'reconcile.asked': 'Asked for a reconciliation',
  'send.requested': 'Pressed Send for signature',
  'sending.resumed': 'Resumed sending',
  'sending.stopped': 'Stopped sending',
  'server.restored': 'Restored the server from a backup',
};

/** A later version may know more: what this one does not know is shown by its bare name. */
export const sayAction = (action: string): string => (Object.hasOwn(DID, action) ? (DID[action] ?? action) : action);

/** Actions whose words hold a text, so that what is read can be searched for. */
export function actionsSaid(text: string | undefined): string[] {
  const sought = text?.trim().toLowerCase();
  return sought ? Object.keys(DID).filter((action) => sayAction(action).toLowerCase().includes(sought)) : [];
}

/** Who did it. An account is connected by whoever signed in at the vendor, of whom we know nothing else. */
export const sayActor = (actor: string): string => (actor === 'oauth' ? 'whoever signed in there' : actor);

interface Subject {
  say: string;
  href: string | null;
}

const PLACES: Record<string, [string, (id: string) => string]> = {
  env: ['an envelope', (id) => `/envelopes/${id}`],
  eff: ['an effect', (id) => `/outbox/${id}`],
  ntc: ['a notice', (id) => `/inbox/${id}`],
  ins: ['an account', (id) => `/installs#${id}`],
  hld: ['a hold', (id) => `/held/${id}`],
  // An endpoint may be gone by now.
  enp: ['an endpoint', () => '/webhooks'],
  map: ['a mapping', () => '/mappings'],
  ctx: ['a consent text', () => '/consents/texts'],
  key: ['a key', () => '/capture'],
};

/** What it was done to, with the page of it where there is one. `accounts`: names of the installs. */
export function sayOn(c: ConsoleContext, { action, subject }: { action: string; subject: string }, accounts: ReadonlyMap<string, string>): Subject {
  const [say, path] = PLACES[subject.slice(0, subject.indexOf('_'))] ?? [];
  if (say && path) return { say: accounts.get(subject) ?? say, href: at(c, path(subject)) };
  if (action === 'send.requested') return { say: `deal ${subject}`, href: at(c, `/mappings/dry-run?deal=${encodeURIComponent(subject)}`) };
  if (subject.startsWith('ten_')) return { say: 'this tenant', href: null };
  if (subject.startsWith('per_')) return { say: 'a person', href: null };
  if (action === 'mapping.activated') return { say: subject, href: at(c, `/mappings/${subject.split(' ')[0] ?? ''}`) };
  return { say: subject, href: null };
}
