import { isFinal, pathOf, wordFor } from 'c/envelopeWords';

const OPEN = ['requested', 'sent', 'viewed', 'partially_signed'];
const FINAL = ['completed', 'declined', 'voided', 'expired', 'failed'];

describe('c-envelope-words', () => {
  it.each([...OPEN, ...FINAL])('has a word and a place on the path for %s', (status) => {
    expect(wordFor(status)).toMatch(/^[A-Z]/);
    expect(pathOf(status).map(({ value }) => value)).toContain(status);
    expect(isFinal(status)).toBe(FINAL.includes(status));
  });

  it('shows a status that it does not know as it is', () => {
    expect(wordFor('archived')).toBe('archived');
  });
});
