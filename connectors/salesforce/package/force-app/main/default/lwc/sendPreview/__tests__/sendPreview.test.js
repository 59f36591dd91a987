import { createElement } from 'lwc';
import SendPreview from 'c/sendPreview';

const ANSWER = {
  send: true,
  plan: {
    template: { id: 't1', name: 'Order form' },
    subject: 'Your contract',
    recipients: [{ role: 'Buyer', name: 'Ann', email: 'ann@example.com' }],
    fields: [
      { role: 'Buyer', label: 'Amount', value: '€ 1,200' },
      { role: 'Seller', label: 'Discount', value: '<b>10 %</b>' },
    ],
  },
  writes: [
    { record: { type: 'deal', id: '006A' }, set: { Esign_Status__c: 'sent', Esign_Reason__c: null }, once: [] },
    { record: { type: 'contact', id: '003A' }, set: { Esign_Last_Status__c: 'sent' }, once: [] },
  ],
};

function open(props) {
  const element = createElement('c-send-preview', { is: SendPreview });
  Object.assign(element, props);
  document.body.appendChild(element);
  return element.shadowRoot;
}
const rows = (root, part) => [...root.querySelectorAll(`[data-${part}] tbody tr`)].map((row) => [...row.children].map(({ textContent }) => textContent));

afterEach(() => {
  while (document.body.firstChild) document.body.removeChild(document.body.firstChild);
});

describe('c-send-preview', () => {
  it('shows who gets it, every mapped field and every field that is written, as text', () => {
    const root = open({ preview: ANSWER });
    expect(root.querySelector('[data-recipients]').textContent).toContain('Buyer: Ann, ann@example.com');
    expect(rows(root, 'fields')).toEqual([
      ['Buyer', 'Amount', '€ 1,200'],
      ['Seller', 'Discount', '<b>10 %</b>'],
    ]);
    expect(rows(root, 'writes')).toEqual([
      ['deal 006A', 'Esign_Status__c', 'sent'],
      ['deal 006A', 'Esign_Reason__c', '(emptied)'],
      ['contact 003A', 'Esign_Last_Status__c', 'sent'],
    ]);
  });

  it('says why nothing can be sent', () => {
    const root = open({ preview: { send: false, reasons: [{ say: 'The deal has no amount.', path: 'rules[0]' }] } });
    expect(root.querySelector('[data-reasons]').textContent).toBe('The deal has no amount.');
    expect(root.querySelector('[data-fields]')).toBeNull();
  });

  it('tells a screen reader of waiting and of errors', () => {
    expect(open({ busy: true }).querySelector('[aria-live]').getAttribute('aria-busy')).toBe('true');
    expect(open({ error: 'Server asleep.' }).querySelector('[role="alert"]').textContent).toBe('Server asleep.');
  });
});
