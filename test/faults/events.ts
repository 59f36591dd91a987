import { completed, docusignRequest, freshRemote } from '../bench/events.ts';
import type { Seeded } from '../bench/seed.ts';
import type { Event } from './sender.ts';

/** Events of DocuSign Connect for envelopes that were not sent from here: the line notes each as one fact and calls nobody. */
export function strangers({ sign }: Pick<Seeded, 'sign'>, key: string): () => Event {
  return () => {
    const mark = freshRemote();
    const request = docusignRequest(`/webhooks/docusign/${sign.hook}`, completed({ account: sign.account, remote: mark, envelope: null }), key);
    return { mark, request: () => request };
  };
}
