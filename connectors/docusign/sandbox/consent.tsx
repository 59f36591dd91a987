import type { ConsentWords } from '#shared/sandbox/consent.tsx';
import { ACCOUNT } from './state.ts';

export const consentWords: ConsentWords = {
  whose: () => (
    <>
      To the account <strong>{ACCOUNT.name}</strong>, as {ACCOUNT.user.name} ({ACCOUNT.user.email}).
    </>
  ),
  meanings: {
    signature: 'Send envelopes and read your templates and envelopes',
    extended: 'Stay connected while you are away',
    impersonation: 'Act for you when no one is signed in',
  },
  no: 'Cancel',
};
