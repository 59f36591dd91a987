import type { ConsentWords } from '#shared/sandbox/consent.tsx';
import { ACCOUNT } from './state.ts';

export const consentWords: ConsentWords = {
  whose: () => (
    <>
      To the business unit <strong>{ACCOUNT.units[0].name}</strong> (MID {ACCOUNT.units[0].mid}), as {ACCOUNT.user.name} ({ACCOUNT.user.email}).
    </>
  ),
  meanings: {
    offline: 'Stay connected while you are away',
    list_and_subscribers_read: 'Let contacts enter journeys by their events',
  },
  no: 'Cancel',
};
