import type { Clock } from '#lib/clock';
import type { Mail } from '#ports/sandbox';
import { currentRecipients, DAY_MS, dueAt, isOut, type SandboxState, type StoredEnvelope, type StoredRecipient, type StoredStatus } from './state.ts';

/** The vendor's words when an envelope's time is over: the only thing that tells an expiry from a void. */
export const EXPIRY_REASON = 'Envelope has expired.';

export interface LifecycleOptions {
  state: SandboxState;
  clock: Clock;
  mail: (mail: Mail) => void;
  signingUrl: (recipient: StoredRecipient) => string;
  /** Tells Connect. */
  announce: (envelope: StoredEnvelope, event: string, recipient?: StoredRecipient) => void;
}
/** What may happen to an envelope, in the vendor's order: state first, then mail, then webhooks. Each returns false where the state does not allow it. */
export class Lifecycle {
  readonly #options: LifecycleOptions;
  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  #note(envelope: StoredEnvelope, action: string, who: string, words = '') {
    envelope.history.push({ at: this.#options.clock.now(), action, who, words });
  }

  #move(envelope: StoredEnvelope, status: StoredStatus) {
    envelope.status = status;
    envelope.statusChangedAt = this.#options.clock.now();
  }

  #write(to: StoredRecipient, subject: string, text: string, label: string | null) {
    if (to.clientUserId !== undefined) return;
    const link = label ? { label, url: this.#options.signingUrl(to) } : null;
    this.#options.mail({ to: to.email, toName: to.name, from: 'DocuSign <dse@docusign.example.com>', subject, text, link, at: this.#options.clock.now() });
  }

  #invite(envelope: StoredEnvelope, recipient: StoredRecipient, event: 'recipient-sent' | 'recipient-resent') {
    const reminder = event === 'recipient-resent';
    if (!reminder || recipient.status === 'autoresponded') recipient.status = 'sent';
    recipient.sentAt ??= this.#options.clock.now();
    const words = envelope.emailBlurb || 'A document is waiting for your signature.';
    this.#write(recipient, reminder ? `Reminder: ${envelope.emailSubject}` : envelope.emailSubject, words, 'Review and sign');
    this.#note(envelope, recipient.clientUserId !== undefined ? 'Asked in the sender’s own pages' : reminder ? 'Mailed again' : 'Mailed', recipient.name);
    this.#options.announce(envelope, event, recipient);
  }

  #inviteNext(envelope: StoredEnvelope) {
    for (const recipient of currentRecipients(envelope)) if (recipient.status === 'created') this.#invite(envelope, recipient, 'recipient-sent');
  }

  #tellAll(envelope: StoredEnvelope, subject: string, text: string) {
    for (const recipient of envelope.recipients) if (recipient.sentAt !== null) this.#write(recipient, subject, text, 'View the document');
  }

  send(envelope: StoredEnvelope): boolean {
    if (envelope.status !== 'created') return false;
    this.#move(envelope, 'sent');
    envelope.sentAt = this.#options.clock.now();
    this.#note(envelope, 'Sent', 'Sender');
    this.#options.announce(envelope, 'envelope-sent');
    this.#inviteNext(envelope);
    return true;
  }

  open(envelope: StoredEnvelope, recipient: StoredRecipient): boolean {
    if (!currentRecipients(envelope).includes(recipient) || recipient.status === 'delivered') return false;
    recipient.status = 'delivered';
    recipient.deliveredAt = this.#options.clock.now();
    this.#note(envelope, 'Viewed', recipient.name);
    // The envelope counts as delivered once everybody has opened it.
    if (envelope.recipients.every((one) => one.deliveredAt !== null) && envelope.status === 'sent') {
      this.#move(envelope, 'delivered');
      envelope.deliveredAt = this.#options.clock.now();
      this.#options.announce(envelope, 'recipient-delivered', recipient);
      this.#options.announce(envelope, 'envelope-delivered');
    } else this.#options.announce(envelope, 'recipient-delivered', recipient);
    return true;
  }

  sign(envelope: StoredEnvelope, recipient: StoredRecipient, name: string, ticked: readonly string[] = []): boolean {
    if (!currentRecipients(envelope).includes(recipient)) return false;
    if (recipient.status !== 'delivered') this.open(envelope, recipient);
    recipient.status = 'completed';
    recipient.signedAt = this.#options.clock.now();
    recipient.signedName = name;
    recipient.ticked = [...ticked];
    this.#note(envelope, 'Signed', recipient.name);
    this.#options.announce(envelope, 'recipient-completed', recipient);
    if (envelope.recipients.some(({ status }) => status !== 'completed')) {
      this.#inviteNext(envelope);
      return true;
    }
    this.#move(envelope, 'completed');
    envelope.completedAt = this.#options.clock.now();
    this.#note(envelope, 'Completed', 'System');
    this.#tellAll(envelope, `Completed: ${envelope.emailSubject}`, 'Everyone has signed. The finished document is ready.');
    this.#options.announce(envelope, 'envelope-completed');
    return true;
  }

  decline(envelope: StoredEnvelope, recipient: StoredRecipient, reason: string): boolean {
    if (!currentRecipients(envelope).includes(recipient)) return false;
    if (recipient.status !== 'delivered') this.open(envelope, recipient);
    recipient.status = 'declined';
    recipient.declinedAt = this.#options.clock.now();
    recipient.declinedReason = reason;
    this.#move(envelope, 'declined');
    envelope.declinedAt = this.#options.clock.now();
    this.#note(envelope, 'Declined', recipient.name, reason);
    this.#tellAll(envelope, `Declined: ${envelope.emailSubject}`, 'The document was declined and can no longer be signed.');
    this.#options.announce(envelope, 'recipient-declined', recipient);
    this.#options.announce(envelope, 'envelope-declined');
    return true;
  }

  voidOut(envelope: StoredEnvelope, reason: string, who: string): boolean {
    if (!isOut(envelope)) return false;
    this.#move(envelope, 'voided');
    envelope.voidedAt = this.#options.clock.now();
    envelope.voidedReason = reason;
    this.#note(envelope, 'Voided', who, reason);
    this.#tellAll(envelope, `Voided: ${envelope.emailSubject}`, `The document can no longer be signed. Reason: ${reason}`);
    this.#options.announce(envelope, 'envelope-voided');
    return true;
  }

  discard(envelope: StoredEnvelope): boolean {
    if (envelope.status !== 'created') return false;
    this.#move(envelope, 'deleted');
    this.#note(envelope, 'Discarded', 'Sender');
    this.#options.announce(envelope, 'envelope-deleted');
    return true;
  }

  resend(envelope: StoredEnvelope): boolean {
    if (!isOut(envelope)) return false;
    this.#options.announce(envelope, 'envelope-resent');
    for (const recipient of currentRecipients(envelope)) this.#invite(envelope, recipient, 'recipient-resent');
    return true;
  }

  bounce(envelope: StoredEnvelope, recipient: StoredRecipient): boolean {
    if (!currentRecipients(envelope).includes(recipient) || recipient.status !== 'sent' || recipient.clientUserId !== undefined) return false;
    recipient.status = 'autoresponded';
    this.#note(envelope, 'Mail came back', recipient.name);
    this.#options.announce(envelope, 'recipient-autoresponded', recipient);
    return true;
  }

  expire(envelope: StoredEnvelope): boolean {
    return this.voidOut(envelope, EXPIRY_REASON, 'System');
  }

  /** What the vendor does by itself as time goes by: expiries and reminders. */
  passTime() {
    const now = this.#options.clock.now();
    for (const envelope of this.#options.state.envelopes.filter(isOut)) {
      const due = dueAt(envelope);
      if (due !== null && now >= due) this.expire(envelope);
      else if (this.#reminderDue(envelope, now)) this.resend(envelope);
    }
  }

  #reminderDue({ reminders, sentAt }: StoredEnvelope, now: number): boolean {
    if (!reminders || sentAt === null) return false;
    const days = reminders.remindedAt === null ? reminders.afterDays : reminders.everyDays;
    const due = days > 0 && now >= (reminders.remindedAt ?? sentAt) + days * DAY_MS;
    if (due) reminders.remindedAt = now;
    return due;
  }
}
