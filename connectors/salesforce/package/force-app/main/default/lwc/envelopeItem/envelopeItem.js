import { LightningElement, api } from 'lwc';
import { ShowToastEvent } from 'lightning/platformShowToastEvent';
import remind from '@salesforce/apex/CountersignController.remind';
import voidEnvelope from '@salesforce/apex/CountersignController.voidEnvelope';
import { endedBadly, isFinal, pathOf, wordFor } from 'c/envelopeWords';
import { serverMessage } from 'c/serverMessage';

/**
 * One envelope: how far it is, for whom it waits, and what can be done. It asks the server itself, and says `changed` when the server has taken something.
 * Where `resendable`, it offers to send again what ended unsigned, and says `resend`.
 */
export default class EnvelopeItem extends LightningElement {
  /** Id of the opportunity. */
  @api recordId;
  /** `{ id, status, template, waitingFor, url, reason, recipients }` */
  @api envelope = {};
  @api resendable = false;
  busy = false;
  error = '';
  asking = false;
  reason = '';
  reasonFault = '';
  toFocus = false;

  renderedCallback() {
    if (!this.toFocus) return;
    this.toFocus = false;
    this.template.querySelector('textarea')?.focus();
  }

  get word() {
    return wordFor(this.envelope.status);
  }
  get label() {
    return `Envelope ${this.envelope.template ?? ''}, ${this.word}`;
  }
  get steps() {
    return pathOf(this.envelope.status);
  }
  get ended() {
    return endedBadly(this.envelope.status);
  }
  get badgeClass() {
    if (this.ended) return 'slds-badge slds-theme_error';
    return this.envelope.status === 'completed' ? 'slds-badge slds-theme_success' : 'slds-badge';
  }
  get waitingFor() {
    return isFinal(this.envelope.status) ? '' : (this.envelope.waitingFor ?? []).join(', ');
  }
  get recipients() {
    return (this.envelope.recipients ?? []).map(({ role, status }) => ({ role, word: wordFor(status) }));
  }
  get canAct() {
    return !isFinal(this.envelope.status);
  }
  get canResend() {
    return this.resendable && this.ended;
  }
  get busyText() {
    return this.busy ? 'true' : 'false';
  }
  get reasonInvalid() {
    return this.reasonFault ? 'true' : 'false';
  }
  get reasonClass() {
    return this.reasonFault ? 'slds-form-element slds-has-error' : 'slds-form-element';
  }

  handleRemind() {
    return this.ask(() => remind({ opportunityId: this.recordId, envelopeId: this.envelope.id }), 'A reminder is on its way.');
  }
  handleAskReason() {
    this.asking = true;
    this.reason = '';
    this.reasonFault = '';
    this.toFocus = true;
  }
  handleReason(event) {
    this.reason = event.target.value;
    if (this.reason.trim()) this.reasonFault = '';
  }
  handleKeep() {
    this.asking = false;
  }
  async handleVoid() {
    const reason = this.reason.trim();
    if (!reason) {
      this.reasonFault = 'Say why: the recipients read it.';
      this.toFocus = true;
      return;
    }
    const taken = await this.ask(() => voidEnvelope({ opportunityId: this.recordId, envelopeId: this.envelope.id, reason }), 'The envelope is being voided.');
    if (taken) this.asking = false;
  }
  handleResend() {
    this.dispatchEvent(new CustomEvent('resend', { detail: { id: this.envelope.id } }));
  }

  /** One call at a time: a second press while the first is under way does nothing. Gives whether the server took it. */
  async ask(call, done) {
    if (this.busy) return false;
    this.busy = true;
    this.error = '';
    try {
      await call();
      this.dispatchEvent(new ShowToastEvent({ title: done, variant: 'success' }));
      this.dispatchEvent(new CustomEvent('changed'));
      return true;
    } catch (error) {
      this.error = serverMessage(error).message;
      return false;
    } finally {
      this.busy = false;
    }
  }
}
