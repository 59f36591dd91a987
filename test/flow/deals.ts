import type { Actor, Item } from '#connectors/hubspot/sandbox/world';
import type { StoredEnvelope } from '#connectors/docusign/sandbox';
import type { EnvelopeId } from '#core/ids';
import type { EnvelopeWithRecipients } from '#store/envelopes';
import { findEnvelope } from '#store/envelopes';
import type { TestWorld } from './world.ts';

/** A deal of the sandbox's CRM with what tests ask of it. */
export interface TestDeal {
  id: string;
  contact: string;
  /** What the CRM says of it now. */
  says(property: string): string | null;
  move(stage: string, by?: Actor): void;
  /** What the provider has for it, drafts included. */
  remote(): StoredEnvelope[];
  /** Our envelopes of it, oldest first. */
  envelopes(): Promise<EnvelopeWithRecipients[]>;
  /** Waits until the deal has this status. */
  becomes(status: string): Promise<void>;
  /** Waits for the one envelope at the provider that is out. */
  sent(): Promise<StoredEnvelope>;
}
export interface Person {
  firstname: string;
  lastname: string;
  email: string;
}
const SEED: Actor = { source: 'IMPORT', sourceId: 'test', label: 'A test' };
export const WORKFLOW: Actor = { source: 'AUTOMATION_PLATFORM', sourceId: 'enrollmentId:1', label: 'A workflow' };
let planted = 0;

/** A deal at "Proposal" with one signer and an owner: the order form is for it. */
export function plantDeal(test: TestWorld, more: { person?: Partial<Person>; properties?: Record<string, string> } = {}): TestDeal {
  const { account, world } = test.sandbox.hubspot;
  const number = ++planted;
  const person: Person = { firstname: 'Ada', lastname: `Example ${number}`, email: `ada.${number}@example.com`, ...more.person };
  const deal = account.create(
    'deals',
    { dealname: `Deal ${number}`, amount: '1000', deal_currency_code: 'EUR', dealstage: 'proposal', pipeline: 'default', hubspot_owner_id: '70001', ...more.properties },
    SEED,
  );
  const contact = account.create('contacts', { ...person }, SEED);
  account.associate(deal.id, 'contacts', contact.id);
  const link = world().links.find((one) => one.deal === deal.id && one.id === contact.id);
  const label = world().labels.find((one) => one.label === 'Signer');
  if (link && label) link.types.push(label);
  return handle(test, deal, contact);
}

function handle(test: TestWorld, deal: Item, contact: Item): TestDeal {
  const { hubspot, docusign } = test.sandbox;
  const remote = () =>
    docusign.envelopes().filter((envelope) => envelope.status !== 'deleted' && envelope.customFields.some((field) => field.name === 'deal' && field.value === deal.id));
  return {
    id: deal.id,
    contact: contact.id,
    says: (property) => hubspot.deal(deal.id)?.properties[property] ?? null,
    move: (stage, by) => hubspot.moveDeal(deal.id, stage, by),
    remote,
    async envelopes() {
      const rows = await test.db.selectFrom('envelopes').select('id').where('tenant', '=', test.tenant).where('deal', '=', deal.id).orderBy('id').execute();
      const found = await Promise.all(rows.map(({ id }) => findEnvelope(test.db, test.tenant, id)));
      return found.flatMap((one) => one ?? []);
    },
    async becomes(status) {
      await test.until(
        () => `deal ${deal.id} to say "${status}" (it says "${hubspot.deal(deal.id)?.properties['esign_status'] ?? ''}")`,
        () => hubspot.deal(deal.id)?.properties['esign_status'] === status,
      );
    },
    async sent() {
      return test.until(`an envelope of deal ${deal.id}`, () => remote().find(({ status }) => status === 'sent' || status === 'delivered'));
    },
  };
}

/** The id under which the CRM's deal names its envelope. */
export const envelopeOf = (deal: TestDeal): EnvelopeId => (deal.says('esign_envelope_id') ?? '') as EnvelopeId;
