import { PDFDocument } from '@cantoo/pdf-lib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { summaryPdf } from '#flow/proof/summary';
import type { Evidence } from '#flow/proof/bundle';
import { consentGiven, NOW } from '../store/fixtures.ts';

const HASH = 'a'.repeat(64);

function evidence(name: string, acts: number): Evidence {
  const given = consentGiven();
  const rows: Evidence['rows'] = Array.from({ length: acts }, (_, index) => ({
    row: {
      ...{ tenant: 'ten_a', seq: index + 1, id: `cns_${index}`, person: 'per_a', type: given.type, purpose: name, channel: given.channel, status: given.status },
      ...{ text: 'ctx_a', text_name: 'news', text_version: 1, text_hash: HASH, locale: 'en', jurisdiction: null, basis: given.basis, captured_at: NOW + index },
      ...{ recorded_at: NOW, expires_at: null, how: given.how, source: name, envelope: null, document_hash: HASH, evidence: '{}', evidence_uri: null },
      ...{ personal_hash: HASH, correlation: 'cor_a', prev: HASH, hash: HASH },
    },
    identity: { name, email: `${name}@example.com`, method: name, ip: null, userAgent: null, salt: '' },
    text: null,
  }));
  const head = { tenant: 'ten_a', ledger: 'consents', seq: acts, hash: HASH, at: NOW, key: HASH, line: '', signature: '' } as const;
  return { person: 'per_a', rows, head, madeAt: NOW };
}

it('is one page, however many acts there are and whatever the names are written in', async () => {
  for (const [name, acts] of [
    ['Ines Example', 1],
    ['李小龍', 3],
    ['🙂‍↔️ \u202e\u0000\t\n', 2],
    ['x'.repeat(3000), 4],
    ['newsletter', 400],
  ] as const) {
    const pdf = await summaryPdf(evidence(name, acts));
    expect((await PDFDocument.load(pdf)).getPageCount()).toBe(1);
  }
});
it('is made of any text at all', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 60 }), async (name) => (await summaryPdf(evidence(name, 2))).subarray(0, 5).toString() === '%PDF-'),
    { numRuns: 40 },
  );
});
