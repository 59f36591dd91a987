import type { SandboxWorld } from '../sandbox-world.ts';
import type { Told, TourCrm } from './tour-crm.ts';

const FIELDS: Record<Told, string> = {
  status: 'Esign_Status__c',
  envelope: 'Esign_Envelope_Id__c',
  reason: 'Esign_Reason__c',
  waitingFor: 'Esign_Waiting_For__c',
  firstTouch: 'Esign_First_Touch_Source__c',
};

export function tourSalesforce({ salesforce }: SandboxWorld): TourCrm {
  const idOf = (deal: string): string => salesforce.opportunityNamed(deal).id;
  const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
  const cardPath = (deal: string): string => `/opportunities/${idOf(deal)}/sign`;
  return {
    id: 'salesforce',
    name: 'Salesforce',
    consent: { action: '/services/oauth2/authorize', values: { answer: 'allow' } },
    deals: {
      first: 'Harbour Coffee',
      byButton: 'Fjord Films',
      declined: 'Nordlys Studio',
      expired: 'Sterling Robotics',
      blocked: 'Paper Lantern',
      back: 'Brightwater Clinics',
    },
    stages: { sent: 'Contract Sent', before: 'Proposal/Price Quote' },
    /** An admin puts the key of the components into the credential, and points an outbound message at this install's own address. */
    async settle({ world, tenant, install }) {
      salesforce.setCardKey(await world.desk.makeCardKey(tenant, install, 'tour'));
      const { hook } = await world.db.selectFrom('installs').select('hook').where('id', '=', install).executeTakeFirstOrThrow();
      salesforce.setOutbound(`${world.flow.publicUrl()}/webhooks/salesforce/${hook}`);
    },
    prepared: () => (salesforce.records('Envelope__c').length >= 0 ? 'The package is installed and its permission set assigned' : null),
    idOf,
    told: (deal, what) => text(salesforce.field('Opportunity', idOf(deal), FIELDS[what])),
    move: (deal, stage) => salesforce.move(idOf(deal), stage),
    journey: (deal) => text(salesforce.contactsOf(idOf(deal))[0]?.values['Esign_Journey__c']),
    members(list) {
      const campaign = salesforce.records('Campaign').find(({ values }) => values['Name'] === list);
      return salesforce.records('CampaignMember').filter(({ values }) => values['CampaignId'] === campaign?.id).length;
    },
    tasks: (deal) =>
      salesforce
        .records('Task')
        .filter(({ values }) => values['WhatId'] === idOf(deal))
        .map(({ values }) => text(values['Subject']) ?? ''),
    async openCard(visitor, address, deal) {
      const page = await visitor.open(`${address}/sandbox/salesforce${cardPath(deal)}`);
      return page.html.includes(cardPath(deal)) && page.html.includes('name="key"') ? page : null;
    },
    pressSend: (visitor, form, deal) => visitor.submit(form, cardPath(deal), { act: 'send' }),
  };
}
