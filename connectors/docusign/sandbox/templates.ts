/** A template of the sandbox account. In the text, `{{Label}}` is a field and `[[Role]]` the place of a signature. */
export interface SandboxTemplate {
  templateId: string;
  name: string;
  emailSubject: string;
  roles: { name: string; order: number }[];
  fields: { role: string; label: string; kind: 'textTabs' | 'dateTabs' }[];
  /** Boxes that a signer may tick; `beside` is the field whose text stands next to it. */
  boxes?: { role: string; label: string; beside: string }[];
  document: { heading?: string; text: string }[];
}

const text = (role: string, ...labels: string[]) => labels.map((label) => ({ role, label, kind: 'textTabs' as const }));

export const TEMPLATES: readonly SandboxTemplate[] = [
  {
    templateId: '3b8f0a1e-52c7-4d19-b6a4-0e7c91d2f801',
    name: 'Order form',
    emailSubject: 'Please sign the order form',
    roles: [
      { name: 'Customer', order: 1 },
      { name: 'Countersigner', order: 2 },
    ],
    fields: [
      ...text('Customer', 'DealName', 'Company', 'ContactName', 'Amount', 'Currency', 'LineItems'),
      { role: 'Customer', label: 'StartDate', kind: 'dateTabs' },
      ...text('Countersigner', 'OwnerName'),
    ],
    document: [
      { text: 'This order form is made between Harbour & Pine Ltd ("Supplier") and {{Company}} ("Customer"), represented by {{ContactName}}.' },
      { heading: '1. What is ordered', text: 'Order: {{DealName}}\n{{LineItems}}' },
      { heading: '2. Price', text: 'The total price is {{Amount}} {{Currency}}, without taxes. Invoices are due thirty days after their date.' },
      { heading: '3. Start', text: "The service starts on {{StartDate}} and runs for twelve months. The supplier's contact is {{OwnerName}}." },
      { heading: '4. Terms', text: "The supplier's master services agreement applies where this order form says nothing else." },
      { heading: 'For the customer', text: '[[Customer]]' },
      { heading: 'For the supplier', text: '[[Countersigner]]' },
    ],
  },
  {
    templateId: '8c41d95b-7e20-4f6a-9d3c-6a5b20e7c402',
    name: 'Master services agreement',
    emailSubject: 'Please sign the master services agreement',
    roles: [
      { name: 'Customer', order: 1 },
      { name: 'Legal', order: 2 },
      { name: 'Countersigner', order: 3 },
    ],
    fields: [
      ...text('Customer', 'DealName', 'Company', 'ContactName', 'Amount', 'Currency'),
      { role: 'Customer', label: 'StartDate', kind: 'dateTabs' },
      ...text('Countersigner', 'OwnerName'),
    ],
    document: [
      { text: 'This agreement is made between Harbour & Pine Ltd ("Supplier") and {{Company}} ("Customer"), represented by {{ContactName}}, for "{{DealName}}".' },
      { heading: '1. Services', text: 'The supplier provides the services that order forms under this agreement describe, with the care of a prudent business.' },
      { heading: '2. Fees', text: 'Expected value in the first year: {{Amount}} {{Currency}}. Invoices are due thirty days after their date.' },
      { heading: '3. Confidentiality', text: "Each party keeps the other's information secret, for the term of this agreement and three years after it." },
      { heading: '4. Liability', text: 'Each party is liable for what it causes, up to the fees of the twelve months before, except where the law allows no limit.' },
      { heading: '5. Term', text: "The agreement starts on {{StartDate}} and may be ended by either party with ninety days' notice. The supplier's contact is {{OwnerName}}." },
      { heading: 'For the customer', text: '[[Customer]]' },
      { heading: "Reviewed by the supplier's legal team", text: '[[Legal]]' },
      { heading: 'For the supplier', text: '[[Countersigner]]' },
    ],
  },
  {
    templateId: 'd1e76c20-94ab-4b35-8f71-2c90a8b5e603',
    name: 'NDA',
    emailSubject: 'Please sign the non-disclosure agreement',
    roles: [{ name: 'Customer', order: 1 }],
    fields: [...text('Customer', 'Company', 'ContactName', 'DealName'), { role: 'Customer', label: 'StartDate', kind: 'dateTabs' }],
    document: [
      { text: 'Harbour & Pine Ltd and {{Company}}, represented by {{ContactName}}, want to talk about "{{DealName}}" and will tell each other things that are not public.' },
      { heading: '1. What is secret', text: 'Everything that one party tells the other for that purpose, unless it was public or known before.' },
      { heading: '2. What follows', text: 'It is used for that purpose only, shown only to those who need it, and given back or destroyed on request.' },
      { heading: '3. How long', text: 'From {{StartDate}} for three years.' },
      { heading: 'For {{Company}}', text: '[[Customer]]' },
    ],
  },
  {
    templateId: '5f27b93c-0d68-4e1b-a7c5-91e34d06fa04',
    name: 'Order form with consent',
    emailSubject: 'Please sign the order form',
    roles: [
      { name: 'Customer', order: 1 },
      { name: 'Countersigner', order: 2 },
    ],
    fields: [
      ...text('Customer', 'DealName', 'Company', 'ContactName', 'Amount', 'Currency', 'LineItems'),
      { role: 'Customer', label: 'StartDate', kind: 'dateTabs' },
      ...text('Customer', 'TermsWording', 'TermsHash', 'NewsletterWording', 'NewsletterHash'),
      ...text('Countersigner', 'OwnerName'),
    ],
    boxes: [
      { role: 'Customer', label: 'Terms', beside: 'TermsWording' },
      { role: 'Customer', label: 'Newsletter', beside: 'NewsletterWording' },
    ],
    document: [
      { text: 'This order form is made between Harbour & Pine Ltd ("Supplier") and {{Company}} ("Customer"), represented by {{ContactName}}.' },
      { heading: '1. What is ordered', text: 'Order: {{DealName}}\n{{LineItems}}' },
      { heading: '2. Price', text: 'The total price is {{Amount}} {{Currency}}, without taxes. Invoices are due thirty days after their date.' },
      { heading: '3. Start', text: "The service starts on {{StartDate}} and runs for twelve months. The supplier's contact is {{OwnerName}}." },
      { heading: '4. Terms', text: '[ ] {{TermsWording}}\nWording: {{TermsHash}}' },
      { heading: '5. News', text: '[ ] {{NewsletterWording}}\nWording: {{NewsletterHash}}' },
      { heading: 'For the customer', text: '[[Customer]]' },
      { heading: 'For the supplier', text: '[[Countersigner]]' },
    ],
  },
];

export const templateOf = (id: string): SandboxTemplate | undefined => TEMPLATES.find(({ templateId }) => templateId === id);

export const boxesOf = (template: SandboxTemplate | undefined, role: string) => (template?.boxes ?? []).filter((box) => box.role === role);
