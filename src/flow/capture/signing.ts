import { captureKey } from '#core/decide/capture';
import { requestIntent } from '#core/decide/intent';
import { PRIORITY } from '#core/effect';
import { isClosed } from '#core/envelope';
import { Problem } from '#core/problem';
import type { CapturePost } from '#store/capture-posts';
import { findEnvelopeByIntent, type EnvelopeDocument, type EnvelopeWithRecipients, type Recipient } from '#store/envelopes';
import { getInstall } from '#store/installs';
import { openPersonal } from '#store/people';
import { getVendor, type Flow } from '#flow/flow';

/**
 * How far the document is that a post asked for. `making`: it is not out yet. `mailed`: it went by mail. `ready`: the visitor may sign here. `signed`, `declined`: they have.
 * `over`: it was withdrawn, expired, or who should sign was erased. `failed`: the provider did not take it.
 */
export type SigningStage = 'making' | 'mailed' | 'ready' | 'signed' | 'declined' | 'over' | 'failed';
interface Signing {
  stage: SigningStage;
  found?: EnvelopeWithRecipients & { signer: Recipient };
}

/** By the post's own request: another envelope of the deal, or of the person, is never found. Asks nobody. */
export async function signingStage(flow: Flow, post: CapturePost): Promise<SigningStage> {
  return (await signingOf(flow, post)).stage;
}

async function signingOf(flow: Flow, { tenant, id, install, deal }: CapturePost): Promise<Signing> {
  const found = deal === null ? undefined : await findEnvelopeByIntent(flow.db, tenant, install, requestIntent(deal, captureKey(id)));
  if (!found) return { stage: 'making' };
  const { envelope, recipients } = found;
  if (envelope.status === 'failed') return { stage: 'failed' };
  const { embedded = [] } = JSON.parse(envelope.document) as Partial<EnvelopeDocument>;
  const signer = recipients.find(({ role, status }) => embedded.includes(role) && status !== 'signed') ?? recipients.find(({ role }) => embedded.includes(role));
  if (signer) return { stage: stageOf(found, signer), found: { ...found, signer } };
  return { stage: envelope.status === 'requested' ? 'making' : 'mailed' };
}

function stageOf({ envelope }: EnvelopeWithRecipients, signer: Recipient): SigningStage {
  if (signer.status === 'signed' || envelope.status === 'completed') return 'signed';
  if (signer.status === 'declined') return 'declined';
  if (isClosed(envelope.status) || envelope.void_by !== null || signer.personal === null) return 'over';
  return envelope.status === 'requested' ? 'making' : 'ready';
}

/** Asks the provider for an address at which the visitor signs, good for one use; null where there is nothing for them to sign. @throws Problem as `Sign.view` does */
export async function signingAddress(flow: Flow, post: CapturePost, returnUrl: string): Promise<string | null> {
  const { stage, found } = await signingOf(flow, post);
  const remote = found?.envelope.remote ?? null;
  if (stage !== 'ready' || !found || remote === null) return null;
  const { envelope, signer } = found;
  const [person] = await openPersonal(flow.db, flow.sealer, post.tenant, [signer]);
  if (!person) return null;
  const install = await getInstall(flow.db, post.tenant, envelope.sign);
  if (install.state !== 'active') throw new Problem('install.unauthorized');
  const { sign } = getVendor(flow, install.vendor).connector;
  if (!sign?.view) throw new Problem('feature.unsupported');
  return sign.view(flow.bind(install, PRIORITY.click), remote, { role: signer.role, name: person.name, email: person.email }, returnUrl);
}
