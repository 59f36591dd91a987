import { describe, expect, it } from 'vitest';
import { planSend, type SendInput } from '#core/mapping/send';
import type { SendMapping } from '#core/mapping/schema';
import type { SendRequest } from '#core/fact';
import { schema, snapshot, templates } from './ground.ts';
import { parsed, sendText, shipped } from './reading.ts';

const plan = (send: SendMapping, over: Partial<SendInput> = {}) => planSend(send, { snapshot, schema, templates, trigger: { kind: 'stage' }, ...over });
const asked = (request: Partial<SendRequest>): Pick<SendInput, 'trigger'> => ({ trigger: { kind: 'request', request: { key: 'k', by: 'sam', ...request } } });
const planOf = (...args: Parameters<typeof plan>) => {
  const decision = plan(...args);
  return decision.send ? decision.plan : expect.unreachable(JSON.stringify(decision.reasons));
};
const reasonsOf = (...args: Parameters<typeof plan>) => {
  const decision = plan(...args);
  return decision.send ? [] : decision.reasons.map(({ code, path }) => `${code} at ${path}`);
};
const withSubject = (text: string) => parsed('send', sendText().replace(`'"Contract"'`, text));
const withTemplate = (template: string) => parsed('send', sendText('', `template: ${template}`));
const rulesOf = (text: string) => text.split('rules:\n')[1] ?? '';

describe('a request', () => {
  it('goes to a rule that has the template among others before one that does not have it', () => {
    const choosing = rulesOf(sendText('', 'template: [{ if: deal.amount > 1000000, use: Master services agreement }, { use: Order form }]')).replace('id: one', 'id: two');
    const send = parsed('send', `${sendText('', 'template: NDA')}${choosing}`);
    expect(planOf(send, asked({ template: 'Order form' })).rule).toBe('two');
    expect(planOf(send, asked({ template: 'NDA' })).rule).toBe('one');
    // Where none has it, the first one may be asked for it all the same.
    expect(planOf(parsed('send', sendText()), asked({ template: 'NDA' }))).toMatchObject({ rule: 'one', template: { id: 'tpl-nda' } });
  });

  it('is told where no rule may be requested', () => {
    const never = parsed('send', sendText().replace(', request: true', ''));
    expect(plan(never, asked({}))).toMatchObject({
      rule: null,
      reasons: [{ code: 'no-rule', path: 'rules', say: 'No rule of the mapping may be requested. Add request: true to one.' }],
    });
  });

  it('brings the contact that expressions speak of', () => {
    const recipients = [{ role: 'Customer', name: 'J. Feld', email: 'jonas@example.com', contact: '31' }];
    const send = withSubject('contact.firstname');
    expect([planOf(send, asked({})).subject, planOf(send, asked({ recipients })).subject]).toEqual(['Ada', 'Jonas']);
  });
});

describe('a template', () => {
  it('that is missing is told at its place', () => {
    expect(reasonsOf(withTemplate('Gone'))).toEqual(['template-missing at rules[0].template']);
    expect(reasonsOf(withTemplate('[{ if: deal.amount < 0, use: NDA }, { use: Gone }]'))).toEqual(['template-missing at rules[0].template[1].use']);
  });

  it('whose condition fails blocks at its place, and no other is taken', () =>
    expect(reasonsOf(withTemplate('[{ if: deal.left_long_ago == 1, use: NDA }, { use: Order form }]'))).toEqual(['mapping.failed at rules[0].template[0].if']));
});

describe('content', () => {
  it('is not worked out where a recipient is missing', () => {
    const send = parsed('send', sendText().replace(`'"Contract"'`, 'recipients[1].name'));
    expect(reasonsOf(send, { snapshot: { ...snapshot, owner: null } })).toEqual(['owner-missing at rules[0].recipients[1].from']);
  });

  it('has a subject of up to 100 characters, which are not all blanks', () => {
    const dealname = (length: number) => ({ snapshot: { ...snapshot, deal: { ...snapshot.deal, fields: { ...snapshot.deal.fields, dealname: 'x'.repeat(length) } } } });
    expect(planOf(withSubject('deal.dealname'), dealname(100)).subject).toHaveLength(100);
    expect(reasonsOf(withSubject('deal.dealname'), dealname(101))).toEqual(['subject-long at rules[0].subject']);
    expect(reasonsOf(withSubject(`'"  "'`))).toEqual(['subject-empty at rules[0].subject']);
    expect(planOf(withSubject(`'" x "'`)).message).toBe('');
  });

  it('fills a label that two roles have for each, once where it fails, and no label that every object has', () => {
    const [order] = templates;
    if (!order) return expect.unreachable();
    const labels = ['Amount', 'toString'].flatMap((label) => ['Customer', 'Countersigner'].map((role) => ({ label, role })));
    const of = (field: string) => plan(parsed('send', sendText(`    fields: { Amount: ${field} }\n`)), { templates: [{ ...order, fields: labels }] });
    expect(of('text(deal.amount)')).toMatchObject({
      plan: {
        fields: [
          { role: 'Customer', label: 'Amount', value: '14400' },
          { role: 'Countersigner', label: 'Amount', value: '14400' },
        ],
      },
    });
    expect(of('dateValue(deal.dealname)')).toMatchObject({ reasons: [{ code: 'mapping.failed', path: 'rules[0].fields.Amount' }] });
    expect(of('deal.description')).toMatchObject({ plan: { fields: [{ value: '' }, { value: '' }] } });
  });
});

it('consents are held against no texts where none is known', () => {
  const asking = parsed('send', sendText('    consents:\n      - { role: Customer, checkbox: News, hash: NewsHash, text: news }\n', 'template: Asks'));
  const asks = {
    id: 't',
    name: 'Asks',
    roles: [
      { name: 'Customer', order: 1 },
      { name: 'Countersigner', order: 2 },
    ],
    fields: [{ label: 'NewsHash', role: 'Customer' }],
    checkboxes: [{ label: 'News', role: 'Customer' }],
  };
  expect(reasonsOf(asking, { templates: [asks] })[0]).toMatch(/^consent-text at rules\[0\]\.consents\[0\]/);
});

it('attribution that the CRM lacks is ours, where we know it', () => {
  const bare = {
    ...snapshot,
    deal: { ...snapshot.deal, fields: { dealname: 'A deal', amount: 1 } },
    contacts: snapshot.contacts.map((one) => ({ ...one, fields: { firstname: 'A', email: 'a@example.com' } })),
  };
  expect(planOf(shipped('send'), { snapshot: bare, touched: { first_source: 'ours' } }).attribution).toMatchObject({ first_source: 'ours' });
  expect(planOf(shipped('send'), { snapshot: bare }).attribution).not.toHaveProperty('first_source');
});
