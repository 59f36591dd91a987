import { allValid, emailFault, forServer, nameFault } from 'c/recipientRules';

describe('c-recipient-rules', () => {
  it.each(['a@example.com', " o'brien+x@mail.example.co.uk ", 'first.last@x-y.org'])('takes %s', (email) => {
    expect(emailFault(email)).toBe('');
  });

  it.each([
    '',
    '   ',
    undefined,
    null,
    'ann',
    'ann@',
    '@example.com',
    'ann@example',
    'a..b@example.com',
    '.a@example.com',
    'a b@example.com',
    'a@-x.com',
    'a@example.com, b@example.com',
    `${'a'.repeat(250)}@example.com`,
  ])('refuses %p', (email) => {
    expect(emailFault(email)).not.toBe('');
  });

  it('does not hang on a long text that is nearly an address', () => {
    const from = Date.now();
    emailFault(`${'a'.repeat(100)}${'.a'.repeat(70)}@`);
    emailFault(`a@${'a-'.repeat(120)}`);
    expect(Date.now() - from).toBeLessThan(500);
  });

  it('wants a name, and not one without end', () => {
    expect(nameFault(' ')).not.toBe('');
    expect(nameFault('x'.repeat(301))).not.toBe('');
    expect(nameFault('Ann')).toBe('');
  });

  it('hands on what the server takes and nothing else', () => {
    const recipients = [{ role: 'Buyer', name: ' Ann ', email: ' a@example.com ', contact: null, order: 1, extra: true }];
    expect(allValid(recipients)).toBe(true);
    expect(forServer(recipients)).toEqual([{ role: 'Buyer', name: 'Ann', email: 'a@example.com' }]);
  });
});
