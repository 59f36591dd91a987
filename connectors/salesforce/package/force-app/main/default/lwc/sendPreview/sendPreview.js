import { LightningElement, api } from 'lwc';

/** Shows the server's answer to "what would happen": every field of the document and every field of a record that is written. */
export default class SendPreview extends LightningElement {
  /** `{ send: true, plan, writes }` or `{ send: false, reasons }` as the server gives it; null before the first. */
  @api preview = null;
  @api busy = false;
  /** Why there is no answer; empty when there is one. */
  @api error = '';

  get busyText() {
    return this.busy ? 'true' : 'false';
  }
  get plan() {
    return this.preview?.send ? this.preview.plan : null;
  }
  get reasons() {
    return (this.preview?.send === false ? (this.preview.reasons ?? []) : []).map(({ say }, index) => ({ key: String(index), say }));
  }
  /** As planned: for a role that nobody was given, the rules find somebody, who must be seen before. */
  get recipients() {
    return (this.plan?.recipients ?? []).map(({ role, name, email }, index) => ({ key: String(index), text: `${role}: ${name}, ${email}` }));
  }
  get fields() {
    return (this.plan?.fields ?? []).map(({ role, label, value }, index) => ({ key: String(index), role, label, value }));
  }
  get writes() {
    return (this.preview?.writes ?? []).flatMap(({ record, set }) =>
      Object.entries(set).map(([field, value]) => ({
        key: `${record.type} ${record.id} ${field}`,
        record: `${record.type} ${record.id}`,
        field,
        value: value === null ? '(emptied)' : String(value),
      })),
    );
  }
}
