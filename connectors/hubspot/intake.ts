import type { AssociationSpecAssociationCategoryEnum } from '@hubspot/api-client/lib/codegen/crm/objects/index.js';
import { sha256 } from '#lib/hmac';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { Crm, Lead } from '#ports/crm';
import { namesOf } from '#shared/lead-name';
import { hubspotCall } from './client.ts';
import { readLinks, readObjects } from './objects.ts';
import { RefusedProblem } from './problem.ts';
import { write } from './write.ts';

/** HubSpot's type of the association from a deal to a contact [mem]. */
const DEAL_TO_CONTACT = 3;

/**
 * Finds or makes the contact with an address, and the deal. An address is unique among HubSpot's contacts and is read by itself, not searched for: search lags behind, and a contact that
 * a lost reply had made would be made again. A deal has no unique name, so its description carries a reference, as tasks do.
 * @throws Problem `vendor.*`
 */
export const intake: NonNullable<Crm['intake']> = async (call, lead) => {
  const known = await findContact(call, lead.email);
  const contact = known ?? (await makeContact(call, lead));
  const { first, last } = namesOf(lead.name);
  const said = { firstname: first, lastname: last, company: lead.company, phone: lead.phone, ...lead.fields };
  const set = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== ''));
  const [outcome] = Object.keys(set).length > 0 ? await write(call, [{ record: { type: 'contact', id: contact }, set, once: Object.keys(set) }]) : [];
  if (outcome && !outcome.ok) throw outcome.problem;
  const deal = lead.deal ? await ensureDeal(call, lead, lead.deal, contact) : null;
  return { contact, created: known === null, deal, left: outcome?.left.map(({ field }) => field) ?? [] };
};

async function findContact(call: Call, email: string): Promise<string | null> {
  try {
    const { id } = await hubspotCall(call, (crm, bound) => crm.objects.basicApi.getById('contacts', email, ['email'], undefined, undefined, false, 'email', bound));
    return id;
  } catch (thrown) {
    if (thrown instanceof Problem && thrown.code === 'vendor.not-found') return null;
    throw thrown;
  }
}

async function makeContact(call: Call, { email }: Lead): Promise<string> {
  try {
    const { id } = await hubspotCall(call, (crm, bound) => crm.objects.basicApi.create('contacts', { properties: { email }, associations: [] }, bound));
    return id;
  } catch (thrown) {
    // Somebody else has made it in this moment, or it is known by this address beside another one: HubSpot names it [mem].
    if (!(thrown instanceof RefusedProblem) || thrown.refusal.status !== 409) throw thrown;
    const named = /Existing ID:\s*(\d+)/.exec(thrown.refusal.message)?.[1] ?? (await findContact(call, email));
    if (named === null) throw thrown;
    return named;
  }
}

async function ensureDeal(call: Call, { key }: Lead, deal: NonNullable<Lead['deal']>, contact: string): Promise<string> {
  const marker = `Countersign reference ${sha256(key).slice(0, 16)}`;
  const links = (await readLinks(call, 'contacts', 'deals', [contact])).get(contact) ?? [];
  const deals = await readObjects(
    call,
    'deals',
    links.map(({ to }) => to),
    ['description'],
  );
  const made = deals.find(({ properties }) => properties.description?.includes(marker));
  if (made) return made.id;
  const { pipeline, stage } = await placeOf(call, deal);
  const { id } = await hubspotCall(call, (crm, bound) =>
    crm.objects.basicApi.create(
      'deals',
      {
        properties: { dealname: deal.name, pipeline, dealstage: stage, description: marker },
        associations: [{ to: { id: contact }, types: [{ associationCategory: 'HUBSPOT_DEFINED' as AssociationSpecAssociationCategoryEnum, associationTypeId: DEAL_TO_CONTACT }] }],
      },
      bound,
    ),
  );
  return id;
}

/** Pages name pipelines and stages as people do, or by id. */
async function placeOf(call: Call, asked: NonNullable<Lead['deal']>): Promise<{ pipeline: string; stage: string }> {
  const { results } = await hubspotCall(call, (crm, bound) => crm.pipelines.pipelinesApi.getAll('deals', bound));
  const pipeline = results.find(({ id, label }) => id === asked.pipeline || label === asked.pipeline);
  const stage = pipeline?.stages.find(({ id, label }) => id === asked.stage || label === asked.stage);
  if (pipeline && stage) return { pipeline: pipeline.id, stage: stage.id };
  throw new Problem('vendor.rejected', { say: `The account has no stage "${asked.stage}" in a pipeline "${asked.pipeline}". Correct the capture page, then replay.` });
}
