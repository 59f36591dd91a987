import { describe, expect, it } from 'vitest';
import { checkMapping, type Ground } from '#core/mapping/check';
import { parseMapping } from '#core/mapping/parse';
import { planSend } from '#core/mapping/send';
import { hashWords, pickText, type ShownText } from '#core/pinned-consent';
import type { Template } from '#core/records';
import { schema, snapshot, templates } from './ground.ts';
import { parsed, sendText } from './reading.ts';

const HASH = 'a'.repeat(64);
const text = (more: Partial<ShownText> = {}): ShownText => ({
  id: 'ctx_1',
  name: 'news',
  version: 1,
  type: 'marketing',
  purpose: 'newsletter',
  channel: 'email',
  locale: 'en',
  jurisdiction: 'EU',
  wording: 'Yes, send me news.\n',
  hash: HASH,
  ...more,
});
const field = (label: string, role = 'Customer', open = false) => (open ? { label, role, open } : { label, role });
const template = (more: Partial<Template> = {}): Template => ({
  id: 'tpl-asks',
  name: 'Asks',
  roles: [
    { name: 'Customer', order: 1 },
    { name: 'Countersigner', order: 2 },
  ],
  fields: [field('NewsHash'), field('NewsWording'), field('OwnerName', 'Countersigner')],
  checkboxes: [{ label: 'News', role: 'Customer' }],
  ...more,
});
const CONSENT = '{ role: customer, checkbox: News, hash: NewsHash, wording: NewsWording, text: news }';
const asking = (consent = CONSENT, more = '') => sendText(`    consents:\n      - ${consent}\n${more}`, 'template: Asks');
const planned = (mapping: string, of = template(), texts: readonly ShownText[] = [text()]) =>
  planSend(parsed('send', mapping), { snapshot, schema, templates: [...templates, of], trigger: { kind: 'stage' }, texts });
const reasons = (...input: Parameters<typeof planned>) => {
  const decision = planned(...input);
  return decision.send ? [] : decision.reasons.map(({ code, path }) => `${code} at ${path}`);
};

describe('a rule with consents', () => {
  it('pins the version that is valid, and fills hash and wording of its own role', () => {
    const decision = planned(asking());
    expect(decision).toMatchObject({
      send: true,
      plan: {
        consents: [
          {
            role: 'Customer',
            checkbox: 'News',
            hash: 'NewsHash',
            wording: { label: 'NewsWording', words: hashWords('Yes, send me news.') },
            text: { id: 'ctx_1', name: 'news', version: 1, hash: HASH },
            topic: { type: 'marketing', purpose: 'newsletter', channel: 'email' },
            locale: 'en',
            jurisdiction: 'EU',
          },
        ],
        fields: [
          { role: 'Customer', label: 'NewsHash', value: HASH },
          { role: 'Customer', label: 'NewsWording', value: 'Yes, send me news.' },
        ],
      },
    });
  });

  it('is not sent from a template without the checkbox, the hash or the wording, and says all of it', () => {
    expect(reasons(asking(), template({ fields: [], checkboxes: [] }))).toEqual(['checkbox', 'hash', 'wording'].map((key) => `consent-field at rules[0].consents[0].${key}`));
    // Of another role is not there either: the answer would be another person's.
    expect(reasons(asking(), template({ checkboxes: [{ label: 'News', role: 'Countersigner' }] }))).toEqual(['consent-field at rules[0].consents[0].checkbox']);
    expect(reasons(asking(), template({ fields: [field('NewsHash', 'Countersigner'), field('NewsWording')] }))).toEqual(['consent-field at rules[0].consents[0].hash']);
    expect(reasons(asking(CONSENT.replace('customer', 'Buyer')))).toEqual(['consent-field at rules[0].consents[0].role']);
  });

  it('is not sent with a hash or a wording that the signer can write over', () => {
    expect(reasons(asking(), template({ fields: [field('NewsHash', 'Customer', true), field('NewsWording')] }))).toEqual(['consent-field at rules[0].consents[0].hash']);
    expect(reasons(asking(), template({ fields: [field('NewsHash'), field('NewsWording', 'Customer', true)] }))).toEqual(['consent-field at rules[0].consents[0].wording']);
  });

  it('is not sent while no version of the text is valid', () => {
    expect(reasons(asking(), template(), [])).toEqual(['consent-text at rules[0].consents[0].text']);
    expect(reasons(asking(), template(), [text({ name: 'other' })])).toEqual(['consent-text at rules[0].consents[0].text']);
  });

  it('takes the wording in the language of the deal', () => {
    const texts = [text(), text({ id: 'ctx_2', locale: 'de', wording: 'Ja, gern.\n', hash: 'b'.repeat(64) })];
    const spoken = (locale: string) => {
      const decision = planned(asking(CONSENT.replace(' }', `, locale: '"${locale}"' }`)), template(), texts);
      return decision.send && decision.plan.consents?.[0]?.locale;
    };
    expect(['de', 'de-AT', 'de_CH', 'DE', 'fr', ''].map(spoken)).toEqual(['de', 'de', 'de', 'de', 'en', 'en']);
    expect(pickText(texts, 'nothing', 'de')).toBeUndefined();
  });

  it('asks in whatever template a person chooses instead, or is not sent', () => {
    const request = { key: 'k', by: 'test', template: 'Order form' };
    const decision = planSend(parsed('send', asking()), { snapshot, schema, templates: [...templates, template()], trigger: { kind: 'request', request }, texts: [text()] });
    expect(decision.send || decision.reasons.map(({ code }) => code)).toEqual(['consent-field', 'consent-field', 'consent-field']);
  });
});

describe('the check of a mapping with consents', () => {
  const ground: Ground = { schema, templates: [...templates, template()], texts: ['news', 'terms'] };
  const check = (mapping: string, on = ground) =>
    checkMapping({ send: parsed('send', mapping) }, on).map(({ level, path, suggestion }) => `${level} ${path}${suggestion ? ` → ${suggestion}` : ''}`);

  it('finds nothing where all is there', () => expect(check(asking())).toEqual([]));
  it('names what was probably meant', () => {
    expect(check(asking('{ role: Custmer, checkbox: News, hash: NewsHash, text: news }'))).toEqual(['error rules[0].consents[0].role → Customer']);
    expect(check(asking('{ role: Customer, checkbox: Nwes, hash: NewHash, wording: NewsWordng, text: nwes }'))).toEqual([
      'error rules[0].consents[0].checkbox → News',
      'error rules[0].consents[0].hash → NewsHash',
      'error rules[0].consents[0].wording → NewsWording',
      'error rules[0].consents[0].text → news',
    ]);
  });
  it('wants the box in every template of the rule', () => {
    const both = asking().replace('template: Asks', 'template: [{ if: deal.amount > 5, use: Order form }, { use: Asks }]');
    expect(check(both)).toEqual(['checkbox', 'hash', 'wording'].map((key) => `error rules[0].consents[0].${key}`));
  });
  it('says nothing of texts that it does not know', () => expect(check(asking(), { schema, templates: null })).toEqual([]));
  it('compiles the locale against the account', () => {
    expect(check(asking(CONSENT.replace(' }', ', locale: contact.hs_lang }')))).toEqual(['error rules[0].consents[0].locale']);
  });
});

describe('a field of the template', () => {
  const faults = (mapping: string) => {
    const read = parseMapping('send', mapping);
    return read.ok ? [] : read.faults.map(({ path, say }) => `${path}: ${say}`);
  };
  it('belongs to one consent alone, and to no other value', () => {
    expect(faults(asking(`${CONSENT}\n      - ${CONSENT.replace('text: news', 'text: terms')}`))).toEqual(
      [
        ['checkbox', 'News'],
        ['hash', 'NewsHash'],
        ['wording', 'NewsWording'],
      ].map(([key, name]) => `rules[0].consents[1].${key ?? ''}: "${name ?? ''}" belongs to another consent already.`),
    );
    expect(faults(asking(CONSENT, '    fields: { NewsHash: deal.dealname }\n'))).toEqual(['rules[0].consents[0].hash: "NewsHash" is filled under fields already.']);
  });
});
