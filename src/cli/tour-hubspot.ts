import type { SandboxWorld } from '../sandbox-world.ts';
import type { Told, TourCrm } from './tour-crm.ts';

const FIELDS: Record<Told, string> = {
  status: 'esign_status',
  envelope: 'esign_envelope_id',
  reason: 'esign_reason',
  waitingFor: 'esign_waiting_for',
  firstTouch: 'esign_first_touch_source',
};

export function tourHubSpot({ hubspot }: SandboxWorld): TourCrm {
  const idOf = (deal: string): string => hubspot.dealNamed(deal).id;
  const cardPath = (deal: string): string => `/deals/${idOf(deal)}/sign`;
  return {
    id: 'hubspot',
    name: 'HubSpot',
    consent: { action: '/oauth/authorize', values: { answer: 'connect' } },
    deals: {
      first: 'Harbour Coffee',
      byButton: 'Olive & Thyme',
      declined: 'Nordlys Studio',
      expired: 'Kestrel Logistics',
      blocked: 'Paper Lantern',
      back: 'Brightwater Clinics',
    },
    stages: { sent: 'contractsent', before: 'proposal' },
    settle: async () => undefined,
    prepared() {
      const made = hubspot.world().properties.deals['esign_status'];
      return made ? `"${made.label}" and others in the group "${made.groupName}"` : null;
    },
    idOf,
    told: (deal, what) => hubspot.dealNamed(deal).properties[FIELDS[what]] ?? null,
    move: (deal, stage) => hubspot.moveDeal(idOf(deal), stage),
    journey: (deal) => hubspot.contactsOf(idOf(deal))[0]?.properties['esign_journey'] ?? null,
    members: (list) => hubspot.listMembers(list)?.length ?? 0,
    tasks: (deal) => hubspot.account.linked(idOf(deal), 'tasks').map((task) => task.properties['hs_task_subject'] ?? ''),
    async openCard(visitor, address, deal) {
      const page = await visitor.open(`${address}/sandbox/hubspot${cardPath(deal)}`);
      return page.html.includes(cardPath(deal)) && page.html.includes('name="key"') ? page : null;
    },
    pressSend: (visitor, form, deal) => visitor.submit(form, cardPath(deal), { act: 'send' }),
  };
}
