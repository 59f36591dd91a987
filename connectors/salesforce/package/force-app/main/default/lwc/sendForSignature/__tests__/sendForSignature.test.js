import getCard from '@salesforce/apex/CountersignController.card';
import getPreview from '@salesforce/apex/CountersignController.preview';
import send from '@salesforce/apex/CountersignController.send';
import { BUYER, CARD, DEAL, PLAN, REFUSED, choiceOf, clear, open, refusal, settle, wait } from './stage';

jest.mock('@salesforce/apex/CountersignController.card', () => ({ default: jest.fn() }), { virtual: true });
jest.mock('@salesforce/apex/CountersignController.preview', () => ({ default: jest.fn() }), { virtual: true });
jest.mock('@salesforce/apex/CountersignController.send', () => ({ default: jest.fn() }), { virtual: true });

const sentWith = (call = 0) => choiceOf(send, call);
const askedWith = () => choiceOf(getPreview, -1);

beforeEach(() => {
  jest.useFakeTimers();
  getCard.mockReset().mockResolvedValue(CARD);
  getPreview.mockReset().mockResolvedValue(PLAN);
  send.mockReset().mockResolvedValue({ correlation: 'c1' });
});
afterEach(clear);

describe('opening', () => {
  it('waits for its record, which a screen action gets late, and loads once', async () => {
    const { element, find } = await open({ late: true });
    expect(getCard).not.toHaveBeenCalled();
    element.recordId = DEAL;
    element.recordId = DEAL;
    await settle();
    expect(getCard).toHaveBeenCalledTimes(1);
    expect(getCard).toHaveBeenCalledWith({ opportunityId: DEAL });
    expect(find('send').disabled).toBe(false);
  });

  it('starts from the suggestion and shows what would happen', async () => {
    const { list, preview } = await open();
    expect(list().recipients).toEqual([BUYER]);
    expect(list().roles).toEqual(['Buyer', 'Witness']);
    expect(askedWith()).toEqual({ recipients: [{ role: 'Buyer', name: 'Ann', email: 'ann@example.com', contact: '003A' }] });
    expect(preview().preview).toEqual(PLAN);
  });

  it("says in the server's words why it cannot load, and tries again", async () => {
    getCard.mockRejectedValueOnce(refusal('Countersign is not installed in this account. [install.absent]'));
    const { find } = await open();
    expect(find('error').textContent).toBe('Countersign is not installed in this account.');
    expect(find('send')).toBeNull();
    find('retry').click();
    await settle();
    expect(find('error')).toBeNull();
    expect(find('send')).not.toBeNull();
  });

  it('says why nothing can be sent at all', async () => {
    getCard.mockResolvedValue({ ...CARD, canSend: false, why: 'No e-signature account is connected yet.', suggested: null });
    const { find } = await open();
    expect(find('why').textContent).toBe('No e-signature account is connected yet.');
    expect(find('send').disabled).toBe(true);
    expect(getPreview).not.toHaveBeenCalled();
  });

  it('closes', async () => {
    const { find, heard } = await open();
    find('close').click();
    expect(heard.closed).toBe(1);
  });
});

describe('choosing', () => {
  it('asks for a preview once after a burst of typing', async () => {
    const { change } = await open();
    getPreview.mockClear();
    change([{ ...BUYER, name: 'A' }]);
    await wait(300);
    change([{ ...BUYER, name: 'An' }]);
    await wait(300);
    change([{ ...BUYER, name: 'Ann B' }]);
    await wait(499);
    expect(getPreview).not.toHaveBeenCalled();
    await wait(1);
    expect(getPreview).toHaveBeenCalledTimes(1);
    expect(askedWith().recipients[0].name).toBe('Ann B');
  });

  it('does not show an answer to a question that is no longer asked', async () => {
    const { change, preview } = await open();
    let answerFirst;
    getPreview.mockImplementationOnce(() => new Promise((resolve) => (answerFirst = resolve)));
    change([{ ...BUYER, name: 'First' }]);
    await wait(500);
    const second = { ...PLAN, plan: { ...PLAN.plan, subject: 'Second' } };
    getPreview.mockResolvedValueOnce(second);
    change([{ ...BUYER, name: 'Second' }]);
    await wait(500);
    answerFirst(PLAN);
    await settle();
    expect(preview().preview.plan.subject).toBe('Second');
    expect(preview().busy).toBe(false);
  });

  it('takes recipients of a new template from the rules', async () => {
    const customer = { role: 'Customer', name: 'Cy', email: 'cy@example.com', contact: null };
    getPreview.mockResolvedValue({ ...PLAN, plan: { ...PLAN.plan, template: { id: 't2', name: 'Renewal' }, recipients: [customer] } });
    const { choose, list } = await open();
    choose('template', 't2');
    await settle();
    expect(askedWith()).toEqual({ template: 't2' });
    expect(list().recipients).toEqual([customer]);
    expect(list().roles).toEqual(['Customer']);
  });

  it('asks for the people whom the rules do not find, and says why it cannot send', async () => {
    const { choose, list, preview, find } = await open();
    getPreview.mockResolvedValue(REFUSED);
    choose('template', 't2');
    await settle();
    expect(list().recipients).toMatchObject([{ role: 'Customer', name: '', email: '' }]);
    expect(preview().preview).toEqual(REFUSED);
    find('send').click();
    await settle();
    expect(send).not.toHaveBeenCalled();
  });

  it('sends the chosen rule along', async () => {
    const { choose, find } = await open();
    choose('rule', 'renewal');
    await settle();
    find('send').click();
    await settle();
    expect(sentWith()).toMatchObject({ rule: 'renewal' });
  });
});

describe('sending', () => {
  it('sends once, however often the button is pressed', async () => {
    const { find, heard } = await open();
    find('send').click();
    find('send').click();
    await settle();
    expect(send).toHaveBeenCalledTimes(1);
    expect(sentWith()).toMatchObject({ key: expect.stringMatching(/^[0-9a-f]{32}$/), recipients: [{ role: 'Buyer', email: 'ann@example.com' }] });
    expect(heard.toasts).toMatchObject([{ variant: 'success' }]);
  });

  it('does not send to a bad address, and shows where it is', async () => {
    const { find, change, list } = await open();
    change([{ ...BUYER, email: 'ann@' }]);
    await wait(1000);
    const shown = jest.spyOn(list(), 'showFaults');
    find('send').click();
    await settle();
    expect(send).not.toHaveBeenCalled();
    expect(shown).toHaveBeenCalled();
    expect(list().shadowRoot.querySelector('[data-error="email"]').textContent).toMatch(/not an e-mail address/);
    expect(getPreview).toHaveBeenCalledTimes(1);
  });

  it('waits for the preview of what was typed last', async () => {
    const { find, change } = await open();
    change([{ ...BUYER, name: 'Other' }]);
    await settle();
    expect(find('send').disabled).toBe(true);
    await wait(500);
    expect(find('send').disabled).toBe(false);
  });

  it("shows the server's reason, and the next press is the same request", async () => {
    send.mockRejectedValueOnce(refusal('The Countersign server did not answer. Try again. [server.unreachable]'));
    const { find } = await open();
    find('send').click();
    await settle();
    expect(find('error').textContent).toBe('The Countersign server did not answer. Try again.');
    find('send').click();
    await settle();
    expect(send).toHaveBeenCalledTimes(2);
    expect(sentWith(1).key).toBe(sentWith(0).key);
  });

  it('has another key at each opening', async () => {
    for (let time = 0; time < 2; time += 1) {
      const { find } = await open();
      find('send').click();
      await settle();
    }
    expect(sentWith(0).key).not.toBe(sentWith(1).key);
  });
});
