import { LightningElement, api, wire } from 'lwc';
import { refreshApex } from '@salesforce/apex';
import listEnvelopes from '@salesforce/apex/CountersignController.envelopes';
import { serverMessage } from 'c/serverMessage';

/** Envelopes of the opportunity on its record page, as last written back. Reading them asks the org and not the server. */
export default class EnvelopeStatus extends LightningElement {
  @api recordId;
  envelopes = [];
  error = '';
  loading = true;
  refreshing = false;
  pending = false;
  wired;

  @wire(listEnvelopes, { opportunityId: '$recordId' })
  take(result) {
    this.wired = result;
    const { data, error } = result;
    if (data === undefined && error === undefined) return;
    this.loading = false;
    this.error = error ? serverMessage(error).message : '';
    if (data) this.envelopes = data;
  }

  get empty() {
    return !this.loading && !this.error && this.envelopes.length === 0;
  }

  /** The server has taken something; it is written back within moments. */
  handleChanged() {
    this.pending = true;
  }
  async handleRefresh() {
    if (this.refreshing) return;
    this.refreshing = true;
    try {
      await refreshApex(this.wired);
      this.pending = false;
    } catch (error) {
      this.error = serverMessage(error).message;
    } finally {
      this.refreshing = false;
    }
  }
}
