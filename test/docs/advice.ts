import type { ProblemCode, Remedy } from '#core/problem';

/** What each remedy means, for the head of `docs/errors.md`. */
export const REMEDIES: Record<Remedy, string> = {
  retry: 'It runs again by itself, with growing pauses, or when the vendor said. Nobody has to do anything unless it lasts.',
  reauthorize: 'Everything for this account is held, nothing is lost. It goes on once a person has connected the account again.',
  reject: 'It cannot work as it is. It waits as a dead letter, with its cause, until someone corrects and replays it or discards it.',
  unsupported: 'The vendor or this account has no such thing. The mapping or the plan must change; repeating it does not help.',
  bug: 'The fault is ours or the vendor changed. It is parked with its cause. Replay it once; if it stays, report it with its correlation id.',
};

/** What to do, longer than the public sentence. A code without an entry does not compile. */
export const ADVICE: Record<ProblemCode, string> = {
  'vendor.unreachable': "Nothing, for a while. If it lasts: look at the vendor's status page, then at this server's DNS, proxy and firewall.",
  'vendor.lost-reply': 'Nothing. The account is searched for the outcome first, so that nothing is done twice.',
  'vendor.rate-limited': 'Nothing. If it is frequent, another app is using up the same allowance, or `limits` in the manifest is too high for this plan.',
  'vendor.unavailable': "Nothing. If it lasts, look at the vendor's status page.",
  'vendor.locked':
    'Nothing; a record that stays locked for hours becomes a dead letter. If one is always locked, look for an automation in the account that writes to it without end.',
  'vendor.rejected': "Open the dead letter: the vendor's own message is there. Correct the record or the mapping, then replay. Fields that were good have been written.",
  'vendor.not-found': 'Was the record deleted or merged? Then discard. If it exists, look whether this app may see it, then replay.',
  'vendor.odd-answer': 'Replay once. If it stays, report the correlation id and the name of the vendor: its API has changed.',
  'install.unauthorized': 'Open the account in the console and press Connect again. See the runbook [install-needs-reauthorisation](runbooks/install-needs-reauthorisation.md).',
  'install.missing-scope': 'Connect again and grant every scope that is listed. If one is not offered, add it to the app registration first.',
  'install.absent': 'Connect a CRM and an e-signature account in the console, then replay.',
  'install.not-live': 'Sandboxes, clones and trials often hold real addresses. If these people should get mail, allow sending on the page of the account.',
  'host.refused':
    'The manifest of a connector lists the hosts that it may call. An address from a reply or a setting led elsewhere. Correct the setting; do not widen the list for one account.',
  'endpoint.refused':
    'Give an https address with a name that the public DNS knows, at port 443 or above 1024. A name that leads into a private network is refused each time it is looked up, whatever it led to before.',
  'endpoint.unreachable': 'Nothing, for a while. If it lasts, look at the receiver: its certificate, its firewall, and whether it answers within 15 seconds.',
  'mapping.faulty': 'Read the faults: each has its place and often a suggestion. All are shown at once, and nothing is saved until none is left.',
  'mapping.failed': 'Dry-run the mapping on the same record to see the value that broke it. Guard the expression (`has(…)`, a default) or fill in the field.',
  'send.blocked': 'Read the reasons on the deal, such as a signer without an address. Correct them, then move the deal again or press Send for signature.',
  'send.ambiguous': 'Look for the envelope in the provider, by the correlation id. If it is there or was never wanted, discard; if it surely is not, replay.',
  'send.stopped':
    'Nothing. Somebody stopped the rule, the tenant or the server, and said why: see the page Held of the console, and the runbook [sending-stopped](runbooks/sending-stopped.md).',
  'journey.ambiguous':
    'Look in the journey whether the person has entered. If so, or if it was never wanted, discard; if they surely have not, replay: the event is then sent once more.',
  'vendor.quota':
    'Nothing, for a while: background work goes on as the calls of the last 24 hours fall away. If it is frequent, raise the share on the page of the account, or look which other integration uses the calls up.',
  'limits.unreachable': 'Nothing, for a while. If it lasts, Redis is away: see the runbook [limits-unreachable](runbooks/limits-unreachable.md).',
  'envelope.final': 'Nothing more can happen to it. To try again, send a new envelope.',
  'request.malformed': 'Compare the request with the API page. The answer says which member is wrong.',
  'request.forbidden': 'Sign in with a link for the right tenant. A new CRM account is for the operator to connect, unless `admission` in `app.config.json` is `open`.',
  'request.not-found': 'Check the address. What belongs to another tenant looks the same as what does not exist.',
  'request.too-large': 'Send less at once. The limit of a webhook is `maxBytes` in the manifest of its connector.',
  'request.too-many': 'Send less often, or put several acts into one request. The pause is in the header `Retry-After`.',
  'link.expired': 'Run `npm run countersign -- link` on the server for a new one.',
  'oauth.state': 'Start from the console, in the browser in which you will consent, and do not use the back button.',
  'oauth.denied': 'Ask somebody who may install apps in that account, then connect again.',
  'signature.invalid': 'If these are real webhooks, the secret differs. See the runbook [webhook-signature-failing](runbooks/webhook-signature-failing.md).',
  'delivery.malformed':
    'Open the dead letter and read the body. If the vendor really sent it, report it, and replay it after an update. What came to the one address of all accounts is under Inbox, Deliveries that could not be read, for operators; the moves of deals in it are found by reconciliation.',
  'store.busy':
    'The vendor sends it again; what was on its way to a vendor is tried again by itself. See the runbook [database-busy-or-full](runbooks/database-busy-or-full.md) if it lasts.',
  'store.in-use': 'Stop every server, console and tool that has the database open; the message names them where it can. Then run the command again.',
  'move.refused': 'Read the message. A target has to be empty, and both sides of the schema of this release. See [move](backup.md#move-to-another-database).',
  'move.differs': 'Make an empty target and start again. If it stays, somebody writes to the source meanwhile: look for a server that still runs.',
  'backup.refused': 'Read the message: a file or a database is in the way, or the backup is of a newer release. See [backup](backup.md).',
  'backup.broken': 'Take another backup. If it was just made, run `countersign ledger verify`: what is wrong is in the database itself.',
  'restore.doubtful':
    'The database came back from a backup, and this may have been done after it. Look at the CRM or the journey whether it is there: then discard, otherwise replay. See [restore](backup.md#restore).',
  'feature.unsupported': 'Look at the README of the connector for what it needs, such as a plan or an edition. Choose another way in the mapping.',
  'internal.bug': 'Replay once. If it stays, report it with its correlation id; the log holds the cause.',
};
