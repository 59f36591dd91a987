import getCard from '@salesforce/apex/CountersignController.card';
import getPreview from '@salesforce/apex/CountersignController.preview';
import send from '@salesforce/apex/CountersignController.send';
import { CARD, PLAN, choiceOf, clear, envelope, open, settle, wait } from './stage';

jest.mock('@salesforce/apex/CountersignController.card', () => ({ default: jest.fn() }), { virtual: true });
jest.mock('@salesforce/apex/CountersignController.preview', () => ({ default: jest.fn() }), { virtual: true });
jest.mock('@salesforce/apex/CountersignController.send', () => ({ default: jest.fn() }), { virtual: true });

const sentWith = (call = 0) => choiceOf(send, call);

beforeEach(() => {
  jest.useFakeTimers();
  getCard.mockReset().mockResolvedValue(CARD);
  getPreview.mockReset().mockResolvedValue(PLAN);
  send.mockReset().mockResolvedValue({ correlation: 'c1' });
});
afterEach(clear);

describe('afterwards', () => {
  it('looks for the envelope until it is there, and then rests', async () => {
    const { find, root } = await open();
    find('send').click();
    await settle();
    expect(find('asked').textContent).toMatch(/as soon as/);
    await wait(3000);
    getCard.mockResolvedValue({ ...CARD, envelopes: [envelope('env_1', 'sent')] });
    await wait(3000);
    expect(root.querySelector('c-envelope-item').envelope.id).toBe('env_1');
    expect(find('asked')).toBeNull();
    const calls = getCard.mock.calls.length;
    await wait(60000);
    expect(getCard).toHaveBeenCalledTimes(calls);
  });

  it('gives up looking after a while, and when it is closed', async () => {
    const { find } = await open();
    find('send').click();
    await settle();
    for (let look = 0; look < 20; look += 1) await wait(3000);
    expect(getCard).toHaveBeenCalledTimes(1 + 10);
    expect(find('asked').textContent).toMatch(/not made yet/);

    getCard.mockClear();
    const second = await open();
    second.find('send').click();
    await settle();
    document.body.removeChild(second.element);
    await wait(60000);
    expect(getCard).toHaveBeenCalledTimes(1);
  });

  it('shows what is out already instead of sending a second time by habit', async () => {
    getCard.mockResolvedValue({ ...CARD, envelopes: [envelope('env_1', 'viewed')] });
    const { find, root } = await open();
    expect(root.querySelectorAll('c-envelope-item')).toHaveLength(1);
    expect(find('send')).toBeNull();
    find('another').click();
    await settle();
    expect(find('send')).not.toBeNull();
  });

  it('sends again after an end as a new request', async () => {
    const { find, root } = await open();
    find('send').click();
    await settle();
    getCard.mockResolvedValue({ ...CARD, envelopes: [envelope('env_1', 'expired')] });
    await wait(3000);
    const item = root.querySelector('c-envelope-item');
    expect(item.resendable).toBe(true);
    item.dispatchEvent(new CustomEvent('resend', { detail: { id: 'env_1' } }));
    await settle();
    find('send').click();
    await settle();
    expect(sentWith(1).key).not.toBe(sentWith(0).key);
  });

  it('reads the deal again when an envelope was changed', async () => {
    getCard.mockResolvedValue({ ...CARD, envelopes: [envelope('env_1', 'sent')] });
    const { root } = await open();
    getCard.mockResolvedValue({ ...CARD, envelopes: [envelope('env_1', 'voided')] });
    root.querySelector('c-envelope-item').dispatchEvent(new CustomEvent('changed'));
    await settle();
    expect(root.querySelector('c-envelope-item').envelope.status).toBe('voided');
  });
});
