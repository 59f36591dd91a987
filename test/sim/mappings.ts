/** What the tenants of a story go by: the whole way from a stage to a journey, each kind of step once, and each kind of consent. */
export const MAPPINGS = {
  send: `
kind: send
people: { name: contact.name, email: contact.email }
attribution: { first_source: deal.source, value: deal.amount }
rules:
  - id: contract
    title: Send the order form
    when: { stage: contract, request: true }
    template: Order form
    subject: '"For " + deal.name'
    recipients:
      - { role: Customer, from: { contact: Signer, else: primary }, order: 1 }
      - { role: Owner, from: owner, order: 2 }
    fields: { Deal: deal.name }
    policies: { expire: 30, backward: void, retries: 1 }
`,
  writeback: `
kind: writeback
rules:
  - id: deal
    title: Keep the deal up to date
    record: deal
    on: any
    set:
      sign_status: envelope.status
      sign_envelope: envelope.id
      sign_sent: envelope.sentAt
      sign_closed: envelope.closedAt
      sign_reason: envelope.reason
      sign_count: size(recipients.filter(r, r.status == "signed"))
  - id: attribution
    title: Keep what brought the first one
    record: deal
    on: [sent, viewed, partially_signed, completed]
    once: { first_source: attribution.first_source }
  - id: contact
    title: Tell the signer's contact
    record: contact
    on: [sent, viewed, partially_signed, completed, declined, voided, expired]
    set: { last_status: envelope.status, last_envelope: envelope.id }
`,
  journey: `
kind: journey
rules:
  - id: out
    title: Hold the nurture
    on: [sent]
    steps:
      - { list: Held, consent: none }
  - id: over
    title: Let the nurture go on
    on: [completed, declined, voided, expired]
    steps:
      - { leave: Held }
  - id: looked
    title: Tell of a look, to those who want news
    on: [viewed, partially_signed]
    steps:
      - { event: looked, consent: { channel: email, purpose: newsletter } }
  - id: seen
    title: List who looked and never objected
    on: [viewed]
    steps:
      - { list: Seen, consent: not-opted-out }
  - id: signed
    title: Welcome who signed and never objected
    on: [completed]
    steps:
      - { list: Signed, consent: not-opted-out }
  - id: nudge
    title: Nudge who looked and did not sign
    on: [viewed]
    after: { hours: 1 }
    steps:
      - { event: nudged, consent: not-opted-out }
      - { task: { subject: '"Looked, not signed"', body: envelope.url } }
`,
} as const;

/** What each step here asks of its person. */
export const NEEDS: Record<string, 'none' | 'not-opted-out' | 'newsletter'> = {
  Held: 'none',
  Seen: 'not-opted-out',
  looked: 'newsletter',
  Signed: 'not-opted-out',
  nudged: 'not-opted-out',
};
