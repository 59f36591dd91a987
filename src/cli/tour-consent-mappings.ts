import type { NewText } from '#store/consent-texts';

/** What a CRM calls the name of a deal and of a company. */
const NAMES = { hubspot: { deal: 'deal.dealname', company: 'company.name' }, salesforce: { deal: 'deal.Name', company: 'company.Name' } };
export type ConsentCrm = keyof typeof NAMES;

/** The list that a promotional journey begins with. */
export const NEWSLETTER_LIST = 'Countersign: newsletter';
/** The list of those who asked for the newsletter and have a contract to sign. */
export const READERS_LIST = 'Countersign: readers with a contract';
export const CONSENT_TEMPLATE = 'Order form with consent';

/** The wordings that the order form asks about: one that the contract needs, and one that it does not. */
export const CONSENT_TEXTS: readonly Omit<NewText, 'validFrom'>[] = [
  {
    name: 'order-terms',
    type: 'terms',
    purpose: null,
    channel: null,
    locale: 'en',
    jurisdiction: null,
    title: 'Terms of service',
    wording: 'I have read the terms of service and agree that they apply to this order.',
  },
  {
    name: 'order-newsletter',
    type: 'marketing',
    purpose: 'newsletter',
    channel: 'email',
    locale: 'en',
    jurisdiction: 'EU',
    title: 'Newsletter by e-mail',
    wording: 'Yes, please send me the newsletter by e-mail. I can unsubscribe at any time, with a link in every issue.',
  },
];

/** A send mapping with a rule in front that sends the order form with its two checkboxes. */
export function askingFor(send: string, crm: ConsentCrm): string {
  const { deal, company } = NAMES[crm];
  const rule = `  - id: contract-with-consent
    title: Send the order form, and ask about terms and newsletter on it
    when: { stage: Contract sent }
    template: ${CONSENT_TEMPLATE}
    subject: shorten("Contract for " + ${deal}, 100)
    recipients:
      - role: Customer
        from: { contact: Signer, else: primary }
        order: 1
      - role: Countersigner
        from: owner
        order: 2
    fields:
      DealName: ${deal}
      Company: ${company}
      ContactName: recipients[0].name
    consents:
      - { role: Customer, checkbox: Terms, wording: TermsWording, hash: TermsHash, text: order-terms }
      - { role: Customer, checkbox: Newsletter, wording: NewsletterWording, hash: NewsletterHash, text: order-newsletter }
`;
  return send.replace(/^rules:\n/m, (line) => `${line}${rule}\n`);
}

/** A journey mapping with a promotional journey at its end, which begins with a signature and needs consent. */
export function promoting(journey: string): string {
  return `${journey.trimEnd()}

  - id: newsletter
    title: Begin the newsletter with the customers who asked for it
    on: [completed]
    roles: [Customer]
    steps:
      - list: '${NEWSLETTER_LIST}'
        consent: { channel: email, purpose: newsletter }

  - id: readers
    title: Tell readers of the newsletter what comes with their contract
    on: [sent]
    roles: [Customer]
    steps:
      - list: '${READERS_LIST}'
        consent: { channel: email, purpose: newsletter }
`;
}
