import { describe, expect, test } from 'vitest';
import { checkMapping } from '#core/mapping/check';
import { viewConsent } from '#core/mapping/consent-language';
import { planConsentWrites } from '#core/mapping/consent-writes';
import { parseMapping } from '#core/mapping/parse';
import { preflight } from '#core/mapping/preflight';
import { consentGiven } from '../../store/fixtures.ts';
import { schema } from './ground.ts';
import { parsed } from './reading.ts';

const RULE = '  - { id: any, title: Any, record: contact, type: marketing, set: { esign_consent_status: consent.status } }';
const mapping = (...rules: string[]): string => ['kind: writeback', 'rules: []', 'consents:', ...rules].join('\n');
const planned = (text: string, act = consentGiven()) => planConsentWrites(parsed('writeback', text), viewConsent(act, 'https://connector.example.com/proof'));
const faultsOf = (text: string) => checkMapping({ writeback: parsed('writeback', text) }, { schema, templates: null });

describe('what an act of consent writes', () => {
  test('is what the rules about it say, the later over the earlier', () => {
    const second = '  - { id: second, title: Second, record: contact, type: marketing, set: { esign_consent_status: \'"kept"\', esign_consent_scope: consent.scope } }';
    expect(planned(mapping(RULE, second))).toEqual({ esign_consent_status: 'kept', esign_consent_scope: 'marketing:email:newsletter' });
  });
  test('is nothing where no rule is about its type, purpose or channel', () => {
    const narrow = '  - { id: narrow, title: Narrow, record: contact, type: marketing, purpose: newsletter, channel: email, set: { a: consent.status } }';
    const about = (more: Parameters<typeof consentGiven>[0]) => Object.keys(planned(mapping(narrow), consentGiven(more)));
    expect([about({}), about({ purpose: 'events' }), about({ channel: 'phone' }), about({ type: 'terms', purpose: null, channel: null })]).toEqual([['a'], [], [], []]);
    // Who leaves everything leaves this too.
    expect(about({ purpose: null, channel: null, status: 'withdrawn' })).toEqual(['a']);
  });
  test('has a scope in one word, and where the proof lies even if nobody named a place', () => {
    const rule =
      '  - { id: all, title: All, record: contact, type: marketing, set: { scope: consent.scope, at: consent.at, uri: consent.evidence_uri, version: consent.version, region: consent.region } }';
    const text = { id: 'ctx_1', name: 'newsletter', version: 3, hash: 'c'.repeat(64) } as const;
    expect(planned(mapping(rule), consentGiven({ purpose: null, text, jurisdiction: 'EU', capturedAt: 0 }))).toEqual({
      scope: 'marketing:email:all',
      at: '1970-01-01T00:00:00.000Z',
      uri: 'https://connector.example.com/proof',
      version: 'newsletter 3',
      region: 'EU',
    });
    expect(planned(mapping(rule), consentGiven({ evidenceUri: 'https://proof.example.com/1' }))).toMatchObject({ uri: 'https://proof.example.com/1', version: null, region: null });
  });
});

describe('the rules', () => {
  test('may write only fields that are there and can be written', () => {
    const faulty = RULE.replace('esign_consent_status', 'esign_consent_statsu').replace('id: any', 'id: other');
    const kept = RULE.replace('esign_consent_status', 'hs_analytics_source').replace('id: any', 'id: third');
    expect(faultsOf(mapping(RULE))).toEqual([]);
    expect(faultsOf(mapping(RULE, faulty, kept))).toMatchObject([
      { path: 'consents[1].set.esign_consent_statsu', level: 'error', suggestion: 'esign_consent_status' },
      { path: 'consents[2].set.hs_analytics_source', level: 'error' },
    ]);
  });
  test('have ids of their own', () => expect(faultsOf(mapping(RULE, RULE))).toMatchObject([{ path: 'consents[1].id', say: expect.stringMatching(/already/) as unknown }]));
  test('know no other names than those of consent, and write something', () => {
    const faults = (rule: string) => {
      const read = parseMapping('writeback', mapping(rule));
      return read.ok ? [] : read.faults.map(({ path }) => path);
    };
    expect(faults(RULE.replace('consent.status', 'envelope.status'))).toEqual(['consents[0].set.esign_consent_status']);
    expect(faults(RULE.replace('consent.status', 'consent.staus'))).toEqual(['consents[0].set.esign_consent_status']);
    expect(faults(RULE.replace('{ esign_consent_status: consent.status }', '{}'))).toEqual(['consents[0].set']);
    expect(faults(RULE.replace('record: contact', 'record: deal'))).toEqual(['consents[0].record']);
  });
  test('never keep a contract from being sent', () => {
    const faulty = parsed('writeback', mapping(RULE.replace('esign_consent_status', 'not_there')));
    expect(preflight(faulty, schema)).toEqual([]);
  });
});
