import { createElement } from 'lwc';
import SendForSignature from 'c/sendForSignature';
import { CLOSE_SCREEN } from 'lightning/actions';

/** What the tests of this component share: a deal card, and the component on a page with its parts at hand. */
const TOAST = 'lightning__showtoast';
export const DEAL = '006000000000001AAA';
export const BUYER = { role: 'Buyer', name: 'Ann', email: 'ann@example.com', order: 1, contact: '003A' };
export const CARD = {
  canSend: true,
  why: null,
  rules: [
    { id: 'contract', title: 'Contract' },
    { id: 'renewal', title: 'Renewal' },
  ],
  templates: [
    {
      id: 't1',
      name: 'Order form',
      roles: [
        { name: 'Buyer', order: 1 },
        { name: 'Witness', order: 2 },
      ],
      fields: [],
    },
    { id: 't2', name: 'Renewal', roles: [{ name: 'Customer', order: 1 }], fields: [] },
  ],
  suggested: { template: 't1', recipients: [BUYER] },
  reasons: [],
  envelopes: [],
};
export const PLAN = { send: true, plan: { template: { id: 't1', name: 'Order form' }, subject: 'Your contract', recipients: [BUYER], fields: [] }, writes: [] };
export const REFUSED = { send: false, reasons: [{ say: 'Nobody signs as Customer.', path: 'rules[1]' }] };
export const envelope = (id, status) => ({ id, status, template: 'Order form', waitingFor: [], url: '', recipients: [] });
export const refusal = (text) => ({ body: { message: text } });

export async function settle() {
  for (let turn = 0; turn < 12; turn += 1) await Promise.resolve();
}
export async function wait(ms) {
  jest.advanceTimersByTime(ms);
  await settle();
}

export async function open({ late = false } = {}) {
  const element = createElement('c-send-for-signature', { is: SendForSignature });
  const heard = { closed: 0, toasts: [] };
  element.addEventListener(CLOSE_SCREEN, () => (heard.closed += 1));
  element.addEventListener(TOAST, ({ detail }) => heard.toasts.push(detail));
  document.body.appendChild(element);
  if (!late) element.recordId = DEAL;
  await settle();
  const find = (part) => element.shadowRoot.querySelector(`[data-${part}]`);
  const list = () => element.shadowRoot.querySelector('c-recipient-list');
  const change = (recipients) => list().dispatchEvent(new CustomEvent('recipientschange', { detail: { recipients } }));
  const choose = (part, value) => find(part).dispatchEvent(new CustomEvent('change', { detail: { value } }));
  return { element, root: element.shadowRoot, heard, find, list, change, choose, preview: () => element.shadowRoot.querySelector('c-send-preview') };
}

/** What a call to Apex was given as its choice. */
export const choiceOf = (mock, call) => JSON.parse(mock.mock.calls.at(call)[0].choice);

export function clear() {
  while (document.body.firstChild) document.body.removeChild(document.body.firstChild);
  jest.useRealTimers();
}
