import { LightningElement, api } from 'lwc';
import { CloseActionScreenEvent } from 'lightning/actions';
import { ShowToastEvent } from 'lightning/platformShowToastEvent';
import getCard from '@salesforce/apex/CountersignController.card';
import getPreview from '@salesforce/apex/CountersignController.preview';
import send from '@salesforce/apex/CountersignController.send';
import { isFinal } from 'c/envelopeWords';
import { allValid, forServer } from 'c/recipientRules';
import { serverMessage } from 'c/serverMessage';

/** Typing goes on in bursts; each preview costs the server a look at the deal. */
const PREVIEW_AFTER_MS = 500;
/** After sending, the envelope is looked for this often: some 30 seconds in all, then the person asks. */
const LOOKS = 10;
const LOOK_EVERY_MS = 3000;
const AS_RULED = '';

/** 32 hexadecimal digits, made once per opening of the form: the same press repeated is the same request. */
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The quick action on an opportunity: choose, look at what will happen, send, and see what becomes of it. */
export default class SendForSignature extends LightningElement {
  opportunity;
  /** `loading`, `failed`, `form` or `status` */
  view = 'loading';
  card = { canSend: false, why: '', rules: [], templates: [], envelopes: [] };
  rule = AS_RULED;
  // `template` is the component's own.
  template_ = AS_RULED;
  recipients = [];
  /** Template that the rules last chose. */
  plannedTemplate = '';
  preview = null;
  previewing = false;
  previewError = '';
  error = '';
  sending = false;
  looking = false;
  waitingForNew = false;
  looksLeft = 0;
  key = newKey();
  /** Envelopes that were there before sending. */
  known = [];
  /** How many previews were asked for: only the answer to the last is shown. */
  asked = 0;
  timers = {};

  /** A screen action gets its record after it was connected, so that loading begins here. */
  @api
  get recordId() {
    return this.opportunity;
  }
  set recordId(value) {
    if (!value || value === this.opportunity) return;
    this.opportunity = value;
    this.load();
  }

  disconnectedCallback() {
    Object.values(this.timers).forEach((timer) => clearTimeout(timer));
    // What is still on its way must not be taken for an answer to a later question.
    this.asked += 1;
    this.looksLeft = 0;
  }

  get isForm() {
    return this.view === 'form';
  }
  get isStatus() {
    return this.view === 'status';
  }
  get isFailed() {
    return this.view === 'failed';
  }
  get busy() {
    return this.view === 'loading' || this.sending || this.looking;
  }
  get busyText() {
    return this.busy ? 'true' : 'false';
  }
  get busyWord() {
    return this.sending ? 'Sending' : 'Loading';
  }
  get canSend() {
    return this.card.canSend;
  }
  get cannotSend() {
    if (!this.canSend || this.sending || this.previewing) return true;
    // With a fault in a recipient the button stays: a press shows where the fault is.
    return allValid(this.recipients) && !this.previewError && this.preview?.send !== true;
  }
  get envelopes() {
    return this.card.envelopes ?? [];
  }
  get askedText() {
    return this.looksLeft > 0 ? 'Asked for. The envelope is shown here as soon as it is made.' : 'Asked for, and not made yet. Refresh to look again.';
  }
  get hasRules() {
    return (this.card.rules ?? []).length > 1;
  }
  get ruleOptions() {
    return [{ label: 'The first that fits', value: AS_RULED }, ...(this.card.rules ?? []).map(({ id, title }) => ({ label: title, value: id }))];
  }
  get templateOptions() {
    return [{ label: 'As the rule says', value: AS_RULED }, ...(this.card.templates ?? []).map(({ id, name }) => ({ label: name, value: id }))];
  }
  /** Roles of the template that would be sent now. */
  get roles() {
    const id = this.template_ || this.plannedTemplate;
    const template = (this.card.templates ?? []).find((one) => one.id === id);
    return (template?.roles ?? []).map(({ name }) => name);
  }
  get choice() {
    return {
      ...(this.rule ? { rule: this.rule } : {}),
      ...(this.template_ ? { template: this.template_ } : {}),
      ...(this.recipients.length > 0 ? { recipients: forServer(this.recipients) } : {}),
    };
  }

  async load() {
    this.view = 'loading';
    this.error = '';
    try {
      this.card = await getCard({ opportunityId: this.opportunity });
      if (this.envelopes.some(({ status }) => !isFinal(status))) this.view = 'status';
      else this.openForm();
    } catch (error) {
      this.error = serverMessage(error).message;
      this.view = 'failed';
    }
  }

  openForm() {
    this.view = 'form';
    this.error = '';
    this.rule = AS_RULED;
    this.template_ = AS_RULED;
    this.recipients = this.card.suggested?.recipients ?? [];
    this.plannedTemplate = this.card.suggested?.template ?? '';
    this.preview = this.card.suggested ? null : { send: false, reasons: this.card.reasons ?? [] };
    if (this.card.canSend) this.previewNow();
  }

  handleReload() {
    this.load();
  }
  handleClose() {
    this.dispatchEvent(new CloseActionScreenEvent());
  }
  handleRule(event) {
    this.rule = event.detail.value;
    this.startOver();
  }
  handleTemplate(event) {
    this.template_ = event.detail.value;
    this.startOver();
  }
  handleRecipients(event) {
    this.recipients = event.detail.recipients;
    this.previewSoon();
  }
  /** After an end, or beside what is out: a new request, which needs a key of its own. */
  handleSendAgain() {
    this.key = newKey();
    this.waitingForNew = false;
    this.stopLooking();
    this.openForm();
  }
  handleChanged() {
    return this.look();
  }

  /** Another rule or template has other roles: its own suggestion is asked for, without the recipients of the last. */
  async startOver() {
    this.recipients = [];
    this.plannedTemplate = '';
    const answer = await this.previewNow();
    if (!answer) return;
    if (answer.send) this.recipients = answer.plan.recipients;
    else this.recipients = this.roles.map((role) => ({ role, name: '', email: '', contact: null }));
  }

  previewSoon() {
    clearTimeout(this.timers.preview);
    // An answer to what stood there before would be shown as if it were for this.
    this.asked += 1;
    this.previewing = false;
    this.previewError = '';
    if (!allValid(this.recipients)) {
      this.preview = null;
      return;
    }
    this.previewing = true;
    // eslint-disable-next-line @lwc/lwc/no-async-operation -- cleared when the component goes
    this.timers.preview = setTimeout(() => this.previewNow(), PREVIEW_AFTER_MS);
  }

  /** Gives the answer, or null where there is none or a newer question was asked meanwhile. */
  async previewNow() {
    clearTimeout(this.timers.preview);
    this.asked += 1;
    const question = this.asked;
    this.previewing = true;
    this.previewError = '';
    try {
      const answer = await getPreview({ opportunityId: this.opportunity, choice: JSON.stringify(this.choice) });
      if (question !== this.asked) return null;
      this.preview = answer;
      if (answer.send) this.plannedTemplate = answer.plan.template.id;
      return answer;
    } catch (error) {
      if (question === this.asked) this.previewError = serverMessage(error).message;
      return null;
    } finally {
      if (question === this.asked) this.previewing = false;
    }
  }

  async handleSend() {
    if (!allValid(this.recipients)) {
      // The person is led to the fault, and nothing is asked of anybody.
      this.template.querySelector('c-recipient-list')?.showFaults();
      return;
    }
    // A second press comes before the button is drawn as disabled.
    if (this.cannotSend) return;
    this.sending = true;
    this.error = '';
    try {
      const known = this.envelopes.map(({ id }) => id);
      await send({ opportunityId: this.opportunity, choice: JSON.stringify({ key: this.key, ...this.choice }) });
      this.dispatchEvent(new ShowToastEvent({ title: 'Sending for signature', message: 'The envelope is on its way.', variant: 'success' }));
      this.view = 'status';
      this.waitingForNew = true;
      this.known = known;
      this.looksLeft = LOOKS;
      this.lookSoon();
    } catch (error) {
      // The key stays: if the server took the request and only its answer was lost, the next press is the same request.
      this.error = serverMessage(error).message;
    } finally {
      this.sending = false;
    }
  }

  lookSoon() {
    clearTimeout(this.timers.look);
    if (this.looksLeft <= 0) return;
    // eslint-disable-next-line @lwc/lwc/no-async-operation -- cleared when the component goes
    this.timers.look = setTimeout(async () => {
      this.looksLeft -= 1;
      await this.look();
      if (this.waitingForNew) this.lookSoon();
    }, LOOK_EVERY_MS);
  }
  stopLooking() {
    clearTimeout(this.timers.look);
    this.looksLeft = 0;
  }

  async look() {
    this.looking = true;
    this.error = '';
    try {
      this.card = await getCard({ opportunityId: this.opportunity });
      if (this.waitingForNew && this.envelopes.some(({ id }) => !this.known.includes(id))) {
        this.waitingForNew = false;
        this.stopLooking();
      }
    } catch (error) {
      this.error = serverMessage(error).message;
    } finally {
      this.looking = false;
    }
  }
}
