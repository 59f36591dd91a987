import { person } from '#connectors/hubspot/sandbox/account';
import type { StoredEnvelope } from '#connectors/docusign/sandbox';
import type { Random } from '#lib/random';
import type { SandboxWorld } from '#src/sandbox-world';

/** How a story ends: everybody signs, or the customer declines and the owner gets a task. */
export type Ending = 'completed' | 'declined';
export interface Stories {
  /** Deals whose stage asks for an envelope; each ends by itself. */
  begin(count: number): void;
  /** Deals with what each has to end as. */
  deals: ReadonlyMap<string, Ending>;
  /** What the provider has for a deal, deleted drafts included. */
  remotes(deal: string): StoredEnvelope[];
  status(deal: string): string | null;
  tasks(deal: string): number;
  /** The first one that has not come to its end yet. */
  unfinished(): string | undefined;
  stop(): void;
}

const LOOK_MS = 40;
const DECLINES = 0.3;
const seller = person({ userId: 1, firstName: 'Sam', lastName: 'Rivera' });

/** The people of the vendors' side: deals move, and whoever gets an envelope signs or declines it. */
export function createStories({ hubspot, docusign }: SandboxWorld, random: Random): Stories {
  const { account, world } = hubspot;
  const deals = new Map<string, Ending>();

  const remotes = (deal: string) => docusign.envelopes().filter(({ customFields }) => customFields.some(({ name, value }) => name === 'deal' && value === deal));
  function act(): void {
    for (const envelope of docusign.envelopes()) {
      if (envelope.status !== 'sent' && envelope.status !== 'delivered') continue;
      const deal = envelope.customFields.find(({ name }) => name === 'deal')?.value ?? '';
      if (deals.get(deal) === 'declined') docusign.decline(envelope.envelopeId, 'Customer', 'No.');
      else if (deals.has(deal)) docusign.sign(envelope.envelopeId, envelope.recipients.find(({ status }) => status !== 'completed')?.role ?? 'Customer');
    }
  }
  const timer = setInterval(act, LOOK_MS);
  const stories: Stories = {
    deals,
    remotes,
    status: (deal) => hubspot.deal(deal)?.properties['esign_status'] ?? null,
    tasks: (deal) => account.linked(deal, 'tasks').length,
    unfinished: () => [...deals].find(([deal, ending]) => stories.status(deal) !== ending || stories.tasks(deal) !== (ending === 'declined' ? 1 : 0))?.[0],
    begin(count) {
      for (let made = 0; made < count; made++) {
        const number = deals.size + 1;
        const properties = { dealname: `Deal ${number}`, amount: '1000', deal_currency_code: 'EUR', dealstage: 'proposal', pipeline: 'default', hubspot_owner_id: '70001' };
        const deal = account.create('deals', properties, seller);
        const contact = account.create('contacts', { firstname: 'Ada', lastname: `Example ${number}`, email: `ada.${number}@example.com` }, seller);
        account.associate(deal.id, 'contacts', contact.id);
        const link = world().links.find((one) => one.deal === deal.id && one.id === contact.id);
        const label = world().labels.find((one) => one.label === 'Signer');
        if (link && label) link.types.push(label);
        deals.set(deal.id, random() < DECLINES ? 'declined' : 'completed');
        hubspot.moveDeal(deal.id, 'contractsent');
      }
    },
    stop: () => clearInterval(timer),
  };
  return stories;
}
