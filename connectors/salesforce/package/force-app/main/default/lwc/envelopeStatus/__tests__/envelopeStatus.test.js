import { createElement } from 'lwc';
import EnvelopeStatus from 'c/envelopeStatus';
import { refreshApex } from '@salesforce/apex';
import listEnvelopes from '@salesforce/apex/CountersignController.envelopes';

jest.mock(
  '@salesforce/apex/CountersignController.envelopes',
  () => {
    const { createApexTestWireAdapter } = require('@salesforce/sfdx-lwc-jest');
    return { default: createApexTestWireAdapter(jest.fn()) };
  },
  { virtual: true },
);
jest.mock('@salesforce/apex', () => ({ refreshApex: jest.fn(() => Promise.resolve()) }), { virtual: true });

const DEAL = '006000000000001AAA';
const ROWS = [
  { id: 'env_2', status: 'sent', template: 'Renewal', waitingFor: ['Buyer'], recipients: [] },
  { id: 'env_1', status: 'voided', template: 'Order form', waitingFor: [], recipients: [] },
];
const settle = async () => {
  await Promise.resolve();
  await Promise.resolve();
  await Promise.resolve();
};

function open() {
  const element = createElement('c-envelope-status', { is: EnvelopeStatus });
  element.recordId = DEAL;
  document.body.appendChild(element);
  return { root: element.shadowRoot, find: (part) => element.shadowRoot.querySelector(`[data-${part}]`) };
}

afterEach(() => {
  while (document.body.firstChild) document.body.removeChild(document.body.firstChild);
});

describe('c-envelope-status', () => {
  it('lists the envelopes of its opportunity', async () => {
    const { root, find } = open();
    expect(root.querySelector('lightning-spinner')).not.toBeNull();
    listEnvelopes.emit(ROWS);
    await settle();
    expect(listEnvelopes.getLastConfig()).toEqual({ opportunityId: DEAL });
    const items = [...root.querySelectorAll('c-envelope-item')];
    expect(items.map(({ envelope }) => envelope.id)).toEqual(['env_2', 'env_1']);
    expect(items.every(({ recordId, resendable }) => recordId === DEAL && !resendable)).toBe(true);
    expect(root.querySelector('lightning-spinner')).toBeNull();
    expect(find('empty')).toBeNull();
  });

  it('says so when there are none', async () => {
    const { find } = open();
    expect(find('empty')).toBeNull();
    listEnvelopes.emit([]);
    await settle();
    expect(find('empty')).not.toBeNull();
  });

  it('says why there is nothing to see, in the words of the org', async () => {
    const { find } = open();
    listEnvelopes.error({ message: 'You may not read envelopes. Ask an admin for the permission set Countersign Sender. [access.missing]' }, 403);
    await settle();
    expect(find('error').textContent).toBe('You may not read envelopes. Ask an admin for the permission set Countersign Sender.');
    expect(find('empty')).toBeNull();
  });

  it('reads again when asked, once at a time', async () => {
    const { root, find } = open();
    listEnvelopes.emit(ROWS);
    await settle();
    root.querySelector('c-envelope-item').dispatchEvent(new CustomEvent('changed'));
    await settle();
    expect(find('pending')).not.toBeNull();
    find('refresh').click();
    find('refresh').click();
    await settle();
    expect(refreshApex).toHaveBeenCalledTimes(1);
    expect(find('pending')).toBeNull();
  });
});
