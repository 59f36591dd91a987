import * as z from 'zod';
import type { Clock } from '#lib/clock';
import { newToken } from '#lib/ids';
import type { SandboxState, StoredEnvelope, StoredNotification, StoredRecipient } from './state.ts';
import { templateOf, type SandboxTemplate } from './templates.ts';

const tab = z.object({ tabLabel: z.string(), value: z.string() });
const flag = z.enum(['true', 'false']).optional();
/** The part of the vendor's envelope definition that the sandbox takes. Booleans and numbers must be texts: a client that sends others is wrong. */
const definitionShape = z.object({
  status: z.enum(['created', 'sent']),
  templateId: z.string(),
  emailSubject: z.string().max(100).optional(),
  emailBlurb: z.string().max(10_000).optional(),
  transactionId: z.string().optional(),
  templateRoles: z.array(
    z.object({
      roleName: z.string(),
      name: z.string().min(1).max(100),
      email: z.email(),
      routingOrder: z.string().regex(/^\d+$/).optional(),
      clientUserId: z.string().min(1).max(100).optional(),
      tabs: z.record(z.string(), z.array(tab)).optional(),
    }),
  ),
  customFields: z.object({ textCustomFields: z.array(z.object({ name: z.string().min(1).max(100), value: z.string().max(100), show: flag, required: flag })) }).optional(),
  notification: z
    .object({
      useAccountDefaults: flag,
      reminders: z.object({ reminderEnabled: flag, reminderDelay: z.string(), reminderFrequency: z.string() }).optional(),
      expirations: z.object({ expireEnabled: flag, expireAfter: z.string(), expireWarn: z.string() }).optional(),
    })
    .optional(),
  eventNotification: z
    .object({
      url: z.url(),
      deliveryMode: z.literal('SIM').optional(),
      events: z.array(z.string()).optional(),
      eventData: z.object({ version: z.literal('restv2.1'), format: z.literal('json').optional(), includeData: z.array(z.string()).optional() }).optional(),
      includeHMAC: flag,
      requireAcknowledgment: flag,
    })
    .optional(),
});
type Definition = z.infer<typeof definitionShape>;

export type Creation = { ok: true; envelope: StoredEnvelope; send: boolean } | { ok: false; errorCode: string; message: string };

/** A draft out of an envelope definition; the roles that nobody fills stay empty, and keep it from being sent. */
export function createEnvelope(state: SandboxState, clock: Clock, body: unknown): Creation {
  const parsed = definitionShape.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return invalid(`The request contained at least one invalid parameter. ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  const definition = parsed.data;
  const template = templateOf(definition.templateId);
  if (!template) return { ok: false, errorCode: 'TEMPLATE_ID_INVALID', message: 'Invalid template ID.' };
  const { eventNotification } = definition;
  if (eventNotification?.events && (eventNotification.deliveryMode !== 'SIM' || !eventNotification.eventData))
    return invalid('Unsupported \'events\' field. "deliveryMode": "SIM" and "eventData": {"version": "restv2.1"} are required for the \'events\' field');
  const envelope = stored(definition, template, clock.now());
  state.envelopes.push(envelope);
  return { ok: true, envelope, send: definition.status === 'sent' };
}
const invalid = (message: string): Creation => ({ ok: false, errorCode: 'INVALID_REQUEST_PARAMETER', message });

function stored(definition: Definition, template: SandboxTemplate, now: number): StoredEnvelope {
  const reminders = definition.notification?.reminders;
  const expirations = definition.notification?.expirations;
  return {
    envelopeId: crypto.randomUUID(),
    templateId: template.templateId,
    status: 'created',
    emailSubject: definition.emailSubject ?? template.emailSubject,
    emailBlurb: definition.emailBlurb ?? '',
    transactionId: definition.transactionId ?? null,
    customFields: (definition.customFields?.textCustomFields ?? []).map(({ name, value, show, required }, index) => ({
      fieldId: String(index + 1),
      name,
      value,
      show: show ?? 'false',
      required: required ?? 'false',
    })),
    recipients: template.roles.map((role, index) => storedRecipient(role, index, definition)),
    createdAt: now,
    sentAt: null,
    deliveredAt: null,
    completedAt: null,
    declinedAt: null,
    voidedAt: null,
    voidedReason: '',
    statusChangedAt: now,
    expireAfterDays: expirations?.expireEnabled === 'true' ? Number(expirations.expireAfter) : null,
    reminders: reminders?.reminderEnabled === 'true' ? { afterDays: Number(reminders.reminderDelay), everyDays: Number(reminders.reminderFrequency), remindedAt: null } : null,
    eventNotification: notificationOf(definition),
    history: [{ at: now, action: 'Created', who: 'Sender', words: '' }],
  };
}

function storedRecipient(role: { name: string; order: number }, index: number, definition: Definition): StoredRecipient {
  const given = definition.templateRoles.find(({ roleName }) => roleName === role.name);
  const tabs = Object.values(given?.tabs ?? {}).flat();
  return {
    recipientId: String(index + 1),
    guid: crypto.randomUUID(),
    role: role.name,
    name: given?.name ?? '',
    email: given?.email ?? '',
    order: given?.routingOrder ? Number(given.routingOrder) : role.order,
    ...(given?.clientUserId ? { clientUserId: given.clientUserId } : {}),
    token: newToken(),
    status: 'created',
    sentAt: null,
    deliveredAt: null,
    signedAt: null,
    declinedAt: null,
    declinedReason: '',
    signedName: '',
    fields: Object.fromEntries(tabs.map(({ tabLabel, value }) => [tabLabel, value])),
  };
}

function notificationOf({ eventNotification }: Definition): StoredNotification | null {
  if (!eventNotification) return null;
  const { url, events = [], eventData, includeHMAC, requireAcknowledgment } = eventNotification;
  return { url, events, includeData: eventData?.includeData ?? [], hmac: includeHMAC === 'true', acknowledged: requireAcknowledgment === 'true' };
}
