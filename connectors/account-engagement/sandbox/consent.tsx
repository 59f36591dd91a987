import type { ConsentWords } from '#shared/sandbox/consent.tsx';
import { ORG } from './state.ts';

export const consentWords: ConsentWords = {
  whose: () => (
    <>
      To the org <strong>{ORG.name}</strong>, as {ORG.user.name} ({ORG.user.email}).
    </>
  ),
  meanings: {
    pardot_api: 'Create prospects and add them to lists in Account Engagement',
    api: 'See which business units this org has',
    openid: 'Know which org this is',
    refresh_token: 'Stay connected while you are away',
  },
  no: 'Deny',
};
