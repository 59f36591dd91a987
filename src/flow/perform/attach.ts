import { sha256 } from '#lib/hmac';
import { PRIORITY, type EffectData } from '#core/effect';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { Connector } from '#ports/connector';
import { getEnvelope } from '#store/envelopes';
import { getInstall, type Install } from '#store/installs';
import type { OutboxEffect } from '#store/outbox';
import { getVendor, type Flow } from '#flow/flow';
import { flagInstall } from '#flow/tokens';
import { dataOf, failed, type Outcome } from '#flow/perform/outcome';
import { problemOf } from '#flow/weather';

/** With the provider's permission gone the document is asked for again this much later, milliseconds. */
const RECONNECTED_MS = 60_000;

/** Fetches the signed document from the provider and keeps it with a record of the CRM. It passes through and stays nowhere else; the receipt has its hash. */
export async function attachDocument(flow: Flow, { manifest, crm }: Connector, call: Call, effect: OutboxEffect): Promise<Outcome> {
  const { record, envelope: id } = dataOf<EffectData['document.attach']>(effect);
  const asked = { record, envelope: id };
  try {
    if (!crm?.attach) throw new Problem('feature.unsupported', { say: `${manifest.name} keeps no documents. Take attach out of the mapping.` });
    const { envelope } = await getEnvelope(flow.db, effect.tenant, id);
    const install = await getInstall(flow.db, effect.tenant, envelope.sign);
    const provider = getVendor(flow, install.vendor).connector;
    if (!provider.sign?.document || envelope.remote === null)
      throw new Problem('feature.unsupported', { say: `${provider.manifest.name} does not give out signed documents. Take attach out of the mapping.` });
    const bytes = await fetched(flow, install, provider.sign.document(flow.bind(install, PRIORITY.background, 'once', call.signal), envelope.remote));
    const name = `${envelope.template_name} (signed).pdf`;
    const { id: remote } = await crm.attach(call, { record, name, type: 'application/pdf', bytes, key: `${id}|${record.type}` });
    return { effect, result: { done: true, remote }, asked, detail: { sha256: sha256(bytes), bytes: bytes.length } };
  } catch (error) {
    return failed(effect, error, asked);
  }
}

/** The lane is the CRM's: a permission that the provider withdrew is not the CRM's, and neither is a pause that it asks for. */
async function fetched(flow: Flow, install: Install, document: Promise<Uint8Array>): Promise<Uint8Array> {
  try {
    return await document;
  } catch (error) {
    const problem = problemOf(error);
    const lost = problem.remedy === 'reauthorize';
    if (lost) await flagInstall(flow, install, problem);
    else if (problem.remedy !== 'retry') throw problem;
    const retryAfterMs = lost ? RECONNECTED_MS : problem.retryAfterMs;
    throw new Problem('vendor.unavailable', { say: `${install.name}: ${problem.message}`, cause: problem, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  }
}
