import { createElement } from 'lwc';
import EnvelopeItem from 'c/envelopeItem';
import remind from '@salesforce/apex/CountersignController.remind';
import voidEnvelope from '@salesforce/apex/CountersignController.voidEnvelope';

jest.mock('@salesforce/apex/CountersignController.remind', () => ({ default: jest.fn() }), { virtual: true });
jest.mock('@salesforce/apex/CountersignController.voidEnvelope', () => ({ default: jest.fn() }), { virtual: true });

const TOAST = 'lightning__showtoast';
const DEAL = '006000000000001AAA';
const SENT = {
  id: 'env_1',
  status: 'sent',
  template: 'Order form',
  waitingFor: ['Buyer', 'Seller'],
  url: 'https://countersign.example.com/e/1',
  recipients: [{ role: 'Buyer', status: 'viewed' }],
};
const settle = async () => {
  await Promise.resolve();
  await Promise.resolve();
  await Promise.resolve();
  await Promise.resolve();
};

function open(envelope, props = {}) {
  const element = createElement('c-envelope-item', { is: EnvelopeItem });
  Object.assign(element, { recordId: DEAL, envelope, ...props });
  const heard = { changed: 0, resend: [], toasts: [] };
  element.addEventListener('changed', () => (heard.changed += 1));
  element.addEventListener('resend', ({ detail }) => heard.resend.push(detail.id));
  element.addEventListener(TOAST, ({ detail }) => heard.toasts.push(detail.variant));
  document.body.appendChild(element);
  return { root: element.shadowRoot, find: (part) => element.shadowRoot.querySelector(`[data-${part}]`), heard };
}

beforeEach(() => {
  remind.mockResolvedValue(undefined);
  voidEnvelope.mockResolvedValue(undefined);
});
afterEach(() => {
  while (document.body.firstChild) document.body.removeChild(document.body.firstChild);
});

describe('c-envelope-item', () => {
  it('shows how far it is, for whom it waits, and where to look', () => {
    const { root, find } = open(SENT);
    expect(find('status').textContent).toBe('Sent');
    expect(find('waiting').textContent).toBe('Waiting for Buyer, Seller');
    expect(root.querySelector('lightning-progress-indicator').currentStep).toBe('sent');
    expect(find('link').href).toBe(SENT.url);
    expect(find('link').rel).toContain('noopener');
    expect(root.querySelector('article').getAttribute('aria-label')).toBe('Envelope Order form, Sent');
  });

  it('puts the bad end at the end of the path and offers nothing that cannot be', () => {
    const { root, find } = open({ ...SENT, status: 'declined', reason: 'Too dear' });
    expect([...root.querySelectorAll('lightning-progress-step')].map(({ value }) => value).at(-1)).toBe('declined');
    expect(root.querySelector('lightning-progress-indicator').hasError).toBe(true);
    expect(find('reason').textContent).toBe('Too dear');
    expect(find('waiting')).toBeNull();
    expect(find('remind')).toBeNull();
    expect(find('void')).toBeNull();
    expect(find('resend')).toBeNull();
  });

  it('offers to send again what ended unsigned, where that is possible, and nothing else', () => {
    const { find, heard } = open({ ...SENT, status: 'expired' }, { resendable: true });
    find('resend').click();
    expect(heard.resend).toEqual(['env_1']);
    expect(open({ ...SENT, status: 'completed' }, { resendable: true }).find('resend')).toBeNull();
    expect(open(SENT, { resendable: true }).find('resend')).toBeNull();
  });

  it('reminds once, however often the button is pressed', async () => {
    const { find, heard } = open(SENT);
    find('remind').click();
    find('remind').click();
    await settle();
    expect(remind).toHaveBeenCalledTimes(1);
    expect(remind).toHaveBeenCalledWith({ opportunityId: DEAL, envelopeId: 'env_1' });
    expect(heard).toMatchObject({ changed: 1, toasts: ['success'] });
  });

  it('voids only with a reason, which the recipients read', async () => {
    const { root, find, heard } = open(SENT);
    find('void').click();
    await settle();
    expect(voidEnvelope).not.toHaveBeenCalled();
    find('confirm-void').click();
    await settle();
    expect(find('reason-error').textContent).toMatch(/Say why/);
    expect(root.querySelector('textarea').getAttribute('aria-invalid')).toBe('true');
    root.querySelector('textarea').value = '  ';
    root.querySelector('textarea').dispatchEvent(new CustomEvent('input'));
    find('confirm-void').click();
    await settle();
    expect(voidEnvelope).not.toHaveBeenCalled();
    root.querySelector('textarea').value = ' Wrong price ';
    root.querySelector('textarea').dispatchEvent(new CustomEvent('input'));
    find('confirm-void').click();
    await settle();
    expect(voidEnvelope).toHaveBeenCalledTimes(1);
    expect(voidEnvelope).toHaveBeenCalledWith({ opportunityId: DEAL, envelopeId: 'env_1', reason: 'Wrong price' });
    expect(heard.changed).toBe(1);
    expect(find('void-form')).toBeNull();
  });

  it('keeps the envelope when the person thinks better of it', async () => {
    const { find } = open(SENT);
    find('void').click();
    await settle();
    find('keep').click();
    await settle();
    expect(find('void-form')).toBeNull();
    expect(voidEnvelope).not.toHaveBeenCalled();
  });

  it("shows the server's reason and lets the person try again", async () => {
    remind.mockRejectedValueOnce({ body: { message: 'The envelope is completed already. [envelope.final]' } });
    const { find, heard } = open(SENT);
    find('remind').click();
    await settle();
    expect(find('error').textContent).toBe('The envelope is completed already.');
    expect(find('error').getAttribute('role')).toBe('alert');
    expect(heard.changed).toBe(0);
    find('remind').click();
    await settle();
    expect(heard.changed).toBe(1);
    expect(find('error')).toBeNull();
  });
});
