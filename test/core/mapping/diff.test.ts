import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffMappings, writeChanges } from '#core/mapping/diff';
import { shipped } from './reading.ts';

describe('diffMappings', () => {
  const before = shipped('send');
  it('is empty for equal mappings', () => expect(diffMappings(before, structuredClone(before))).toEqual([]));

  it('tells what changed, by rule and key, as lines for a person', () => {
    const after = structuredClone(before);
    const [contract, nda] = after.rules;
    if (!contract || !nda) throw new Error('two rules ship');
    contract.policies.expire = 14;
    contract.fields.Extra = '"x"';
    delete contract.fields.Amount;
    contract.recipients[0] = { role: 'Customer', from: 'owner' };
    after.rules = [nda, contract];
    expect(writeChanges(diffMappings(before, after))).toEqual([
      '~ rules.contract-sent.recipients[0].from: {"contact":"Signer","else":"primary"} → owner',
      '- rules.contract-sent.recipients[0].order: 1',
      '- rules.contract-sent.fields.Amount: money(deal.amount, "")',
      '+ rules.contract-sent.fields.Extra: "x"',
      '~ rules.contract-sent.policies.expire: 30 → 14',
      '~ rules (order): contract-sent, nda → nda, contract-sent',
    ]);
  });

  it('tells rules that came and went', () => {
    const after = structuredClone(before);
    after.rules = after.rules.filter(({ id }) => id !== 'nda');
    expect(diffMappings(before, after)).toMatchObject([{ path: 'rules.nda', after: null }]);
    expect(diffMappings(after, before)).toMatchObject([{ path: 'rules.nda', before: null }]);
  });

  it('is empty only for equal mappings, and swaps its sides when they are swapped', () => {
    const title = fc.string({ minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(title, title, (one, other) => {
        const [left, right] = [one, other].map((text) => ({ ...before, rules: before.rules.map((rule) => ({ ...rule, title: text })) }));
        if (!left || !right) return false;
        const changes = diffMappings(left, right);
        expect(changes.length === 0).toBe(one === other);
        expect(diffMappings(right, left)).toEqual(changes.map((change) => ({ ...change, before: change.after, after: change.before })));
        return true;
      }),
    );
  });
});
