import { ACCOUNT, currentRecipients, DAY_MS, dueAt, type StoredEnvelope, type StoredRecipient } from './state.ts';
import { boxesOf, templateOf, type SandboxTemplate } from './templates.ts';

/** The vendor's way of writing a time: seven digits after the second. `fraction` fills the last four. */
export function vendorTime(ms: number, fraction = 0): string {
  return new Date(ms).toISOString().replace('Z', `${String(fraction % 10_000).padStart(4, '0')}Z`);
}
function dated(times: Record<string, number | null>): Record<string, string> {
  return Object.fromEntries(Object.entries(times).flatMap(([name, ms]) => (ms === null ? [] : [[name, vendorTime(ms)]])));
}

/** The envelope as both the API and Connect show it; recipients and custom fields only where asked for. */
export function envelopeCore(envelope: StoredEnvelope, include: ReadonlySet<string>): Record<string, unknown> {
  const root = `/envelopes/${envelope.envelopeId}`;
  return {
    status: envelope.status,
    documentsUri: `${root}/documents`,
    recipientsUri: `${root}/recipients`,
    envelopeUri: root,
    emailSubject: envelope.emailSubject,
    ...(envelope.emailBlurb ? { emailBlurb: envelope.emailBlurb } : {}),
    envelopeId: envelope.envelopeId,
    signingLocation: 'online',
    customFieldsUri: `${root}/custom_fields`,
    notificationUri: `${root}/notification`,
    enableWetSign: 'true',
    allowMarkup: 'false',
    allowReassign: 'true',
    ...(envelope.transactionId ? { transactionId: envelope.transactionId } : {}),
    ...dated({
      createdDateTime: envelope.createdAt,
      lastModifiedDateTime: lastModified(envelope),
      sentDateTime: envelope.sentAt,
      initialSentDateTime: envelope.sentAt,
      deliveredDateTime: envelope.deliveredAt,
      completedDateTime: envelope.completedAt,
      declinedDateTime: envelope.declinedAt,
      voidedDateTime: envelope.voidedAt,
      statusChangedDateTime: envelope.statusChangedAt,
    }),
    ...(envelope.voidedReason ? { voidedReason: envelope.voidedReason } : {}),
    ...(include.has('custom_fields') ? { customFields: customFields(envelope) } : {}),
    ...(include.has('recipients') ? { recipients: recipients(envelope) } : {}),
  };
}

/** The API's envelope, which tells more than Connect's. */
export function envelopeView(envelope: StoredEnvelope, include: ReadonlySet<string>): Record<string, unknown> {
  const expiry = dueAt(envelope);
  const { id, name, email } = ACCOUNT.user;
  return {
    ...envelopeCore(envelope, include),
    sender: { userName: name, userId: id, accountId: ACCOUNT.id, email },
    ...(expiry === null ? {} : { expireEnabled: 'true', expireDateTime: vendorTime(expiry), expireAfter: String(envelope.expireAfterDays) }),
  };
}

export function lastModified(envelope: StoredEnvelope): number {
  return Math.max(envelope.statusChangedAt, ...envelope.history.map(({ at }) => at));
}
export function customFields(envelope: StoredEnvelope): Record<string, unknown> {
  return { textCustomFields: envelope.customFields.map((field) => ({ ...field })), listCustomFields: [] };
}

export function recipients(envelope: StoredEnvelope): Record<string, unknown> {
  const current = currentRecipients(envelope)[0]?.order ?? Math.max(...envelope.recipients.map(({ order }) => order));
  const empty = { agents: [], editors: [], intermediaries: [], carbonCopies: [], certifiedDeliveries: [], inPersonSigners: [], seals: [], witnesses: [] };
  return { signers: envelope.recipients.map(signer), ...empty, recipientCount: String(envelope.recipients.length), currentRoutingOrder: String(current) };
}
function signer(recipient: StoredRecipient): Record<string, unknown> {
  return {
    creationReason: 'sender',
    name: recipient.name,
    email: recipient.email,
    ...(recipient.clientUserId === undefined ? {} : { clientUserId: recipient.clientUserId }),
    recipientId: recipient.recipientId,
    recipientIdGuid: recipient.guid,
    requireIdLookup: 'false',
    routingOrder: String(recipient.order),
    roleName: recipient.role,
    status: recipient.status,
    ...dated({ sentDateTime: recipient.sentAt, deliveredDateTime: recipient.deliveredAt, signedDateTime: recipient.signedAt, declinedDateTime: recipient.declinedAt }),
    ...(recipient.declinedReason ? { declinedReason: recipient.declinedReason } : {}),
    deliveryMethod: 'email',
  };
}

export function notificationView(envelope: StoredEnvelope): Record<string, unknown> {
  const { reminders, expireAfterDays } = envelope;
  return {
    useAccountDefaults: 'false',
    reminders: { reminderEnabled: String(reminders !== null), reminderDelay: String(reminders?.afterDays ?? 0), reminderFrequency: String(reminders?.everyDays ?? 0) },
    expirations: { expireEnabled: String(expireAfterDays !== null), expireAfter: String(expireAfterDays ?? 120), expireWarn: '0' },
  };
}

export function auditEvents(envelope: StoredEnvelope): Record<string, unknown> {
  const fields = (pairs: Record<string, string>) => ({ eventFields: Object.entries(pairs).map(([name, value]) => ({ name, value })) });
  return {
    auditEvents: envelope.history.map(({ at, action, who, words }) =>
      fields({ logTime: vendorTime(at), Source: 'Sandbox', UserName: who, Action: action, Message: words || action, EnvelopeStatus: envelope.status }),
    ),
  };
}

export function templateView(template: SandboxTemplate, include: ReadonlySet<string>, now: number): Record<string, unknown> {
  const signers = template.roles.map(({ name, order }, index) => ({
    recipientId: String(index + 1),
    roleName: name,
    routingOrder: String(order),
    name: '',
    email: '',
    deliveryMethod: 'email',
    ...(include.has('tabs') ? { tabs: templateTabs(template, name, String(index + 1)) } : {}),
  }));
  return {
    templateId: template.templateId,
    uri: `/templates/${template.templateId}`,
    name: template.name,
    description: '',
    shared: 'false',
    passwordProtected: 'false',
    created: vendorTime(now - 90 * DAY_MS),
    lastModified: vendorTime(now - 30 * DAY_MS),
    pageCount: '1',
    folderName: 'Templates',
    owner: { userName: ACCOUNT.user.name, userId: ACCOUNT.user.id, email: ACCOUNT.user.email },
    emailSubject: template.emailSubject,
    emailBlurb: '',
    signingLocation: 'Online',
    ...(include.has('recipients') || include.has('tabs') ? { recipients: { signers, recipientCount: String(signers.length) } } : {}),
  };
}
function templateTabs(template: SandboxTemplate, role: string, recipientId: string): Record<string, unknown> {
  const place = { documentId: '1', recipientId, pageNumber: '1' };
  const kinds = (kind: 'textTabs' | 'dateTabs') =>
    template.fields
      .filter((field) => field.role === role && field.kind === kind)
      .map(({ label }, index) => ({ ...place, tabLabel: label, value: '', locked: 'true', required: 'false', tabId: `${kind}-${recipientId}-${index + 1}` }));
  return {
    textTabs: kinds('textTabs'),
    dateTabs: kinds('dateTabs'),
    checkboxTabs: boxesOf(template, role).map(({ label }, index) => ({
      ...place,
      tabLabel: label,
      selected: 'false',
      locked: 'false',
      required: 'false',
      tabId: `checkboxTabs-${recipientId}-${index + 1}`,
    })),
    signHereTabs: [{ ...place, tabLabel: `Sign_${role}`, tabId: `sign-${recipientId}` }],
    dateSignedTabs: [{ ...place, tabLabel: `Signed_${role}`, tabId: `dated-${recipientId}` }],
  };
}

/** What every signer filled in: a ticked box is an X. */
export function formData(envelope: StoredEnvelope): Record<string, unknown> {
  const template = templateOf(envelope.templateId);
  const forms = envelope.recipients.map((recipient) => {
    const texts = (template?.fields ?? []).filter(({ role }) => role === recipient.role).map(({ label }) => ({ name: label, value: recipient.fields[label] ?? '' }));
    const boxes = boxesOf(template, recipient.role).map(({ label }) => ({ name: label, value: recipient.ticked?.includes(label) ? 'X' : '' }));
    const items = [...texts, ...boxes].map((item) => ({ ...item, originalValue: recipient.fields[item.name] ?? '' }));
    return { recipient, items };
  });
  return {
    envelopeId: envelope.envelopeId,
    status: envelope.status,
    emailSubject: envelope.emailSubject,
    ...dated({ sentDateTime: envelope.sentAt }),
    formData: forms.flatMap(({ items }) => items),
    recipientFormData: forms.map(({ recipient: { recipientId, name, email, sentAt, deliveredAt, signedAt, declinedAt }, items }) => ({
      recipientId,
      name,
      email,
      ...dated({ SentTime: sentAt, DeliveredTime: deliveredAt, SignedTime: signedAt, DeclinedTime: declinedAt }),
      formData: items,
    })),
  };
}
