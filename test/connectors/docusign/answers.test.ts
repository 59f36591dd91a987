import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Call, HttpReply } from '#ports/call';
import { sha256 } from '#lib/hmac';
import { createVisitor } from '#src/cli/visitor';
import { faultsOf } from './contract.ts';
import { openWorld, orderForm, signSlot, type World } from './world.ts';

const { sign } = signSlot();
const TEMPLATE = '5f27b93c-0d68-4e1b-a7c5-91e34d06fa04';
const HASH = 'ab'.repeat(32);
let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(async () => {
  // Whatever a test did, all that went over the wire keeps to the vendor's contract.
  expect(world.exchanges.flatMap(faultsOf)).toEqual([]);
  await world.close();
});

const tell = (call: Call, remote: string) => {
  if (!sign.answers) throw new Error('The connector does not tell what was ticked.');
  return sign.answers(call, remote);
};
async function out(): Promise<string> {
  const fields = [
    { role: 'Customer', label: 'NewsletterHash', value: HASH },
    { role: 'Customer', label: 'NewsletterWording', value: 'Yes, send me <b>news</b>.' },
  ];
  const { id } = await sign.draft(world.call, orderForm({ template: TEMPLATE, fields }));
  await sign.send(world.call, id);
  return id;
}

describe('what was ticked', () => {
  it('on the signing page is what the form data says, and the page shows the wording as text beside an empty box', async () => {
    const remote = await out();
    const visitor = createVisitor();
    const page = await visitor.open(world.mails.find(({ to }) => to === 'ines.duarte@example.com')?.link?.url ?? '');
    expect(page.html).toContain('Yes, send me &lt;b&gt;news&lt;/b&gt;.');
    expect(page.html).not.toMatch(/<input[^>]*tick-[^>]*checked/);
    await visitor.submit(page, '/sign', { agree: 'yes', 'tick-Newsletter': 'yes' });
    world.sandbox.sign(remote, 'Countersigner');
    const { answers, signers } = await tell(world.call, remote);
    const of = (label: string) => answers.filter((answer) => answer.role === 'Customer' && answer.label === label);
    expect(of('Newsletter')).toEqual([{ role: 'Customer', label: 'Newsletter', value: 'X', ticked: true }]);
    expect(of('Terms')).toEqual([{ role: 'Customer', label: 'Terms', value: '', ticked: false }]);
    expect(of('NewsletterHash')).toMatchObject([{ value: HASH }]);
    expect(signers).toMatchObject([
      { role: 'Customer', email: 'ines.duarte@example.com', method: 'mail-link' },
      { role: 'Countersigner', email: 'robin.vega@example.com', method: 'mail-link' },
    ]);
  });

  it('is told with the hash of the bytes that anybody may download', async () => {
    const remote = await out();
    world.sandbox.sign(remote, 'Customer');
    world.sandbox.sign(remote, 'Countersigner');
    const { documentHash } = await tell(world.call, remote);
    const bytes = await sign.document?.(world.call, remote);
    expect(bytes && sha256(bytes)).toBe(documentHash);
    // The polling rule counts reads of the envelope itself: there were none.
    expect(world.sandbox.polls(remote)).toBe(0);
  });
});

describe('how a signer was known', () => {
  const ok = (body: unknown): HttpReply => ({ status: 200, headers: new Headers(), body });
  /** The vendor's answers as somebody's account would give them. */
  const told = (signer: Record<string, unknown>): Call => ({
    ...world.call,
    request: ({ path }) => {
      if (path.endsWith('/form_data')) return Promise.resolve(ok({ recipientFormData: [{ recipientId: '7', email: '', formData: [{ name: 'Box', value: 'X' }] }] }));
      if (path.endsWith('/combined')) return Promise.resolve(ok(new TextEncoder().encode('%PDF-1.4')));
      return Promise.resolve(ok({ envelopes: [{ envelopeId: 'e', status: 'Completed', recipients: { signers: [{ recipientId: '7', roleName: 'Customer', ...signer }] } }] }));
    },
  });
  it.each([
    [{}, 'mail-link'],
    [{ clientUserId: '1001' }, 'embedded-session'],
    [{ recipientAuthenticationStatus: { smsAuthResult: { status: 'Passed' }, accessCodeResult: { status: 'Failed' } } }, 'mail-link+sms'],
    [{ recipientAuthenticationStatus: { accessCodeResult: { status: 'Pass' }, identityVerificationResult: { status: 'Passed' } } }, 'mail-link+identity-document+access-code'],
  ])('is told from what the vendor says: %j', async (signer, method) => {
    expect(await tell(told(signer), 'e')).toMatchObject({
      signers: [{ role: 'Customer', email: null, method, at: null }],
      answers: [{ role: 'Customer', label: 'Box', ticked: true }],
    });
  });
});

describe('a template', () => {
  it('says of a field whether the signer can write over it', async () => {
    const body = {
      templateId: 't',
      name: 'T',
      recipients: {
        signers: [
          {
            roleName: 'Customer',
            routingOrder: '1',
            tabs: {
              textTabs: [{ tabLabel: 'Locked', locked: 'true' }, { tabLabel: 'Open', locked: 'false' }, { tabLabel: 'Unsaid' }],
              checkboxTabs: [{ tabLabel: 'Box' }, { tabLabel: 'Box' }],
            },
          },
        ],
      },
    };
    const call: Call = {
      ...world.call,
      request: ({ path }) => Promise.resolve({ status: 200, headers: new Headers(), body: path === '/templates' ? { envelopeTemplates: [{ templateId: 't', name: 'T' }] } : body }),
    };
    expect(await sign.templates(call)).toEqual([
      {
        id: 't',
        name: 'T',
        roles: [{ name: 'Customer', order: 1 }],
        fields: [
          { label: 'Locked', role: 'Customer' },
          { label: 'Open', role: 'Customer', open: true },
          { label: 'Unsaid', role: 'Customer', open: true },
        ],
        checkboxes: [{ label: 'Box', role: 'Customer' }],
      },
    ]);
  });
});
