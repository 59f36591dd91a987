import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { EnvelopeRequest } from '#ports/sign';
import { CORRELATION_FIELD } from './status.ts';
import type { TemplateRole } from './templates.ts';

/** Most characters that the vendor takes: custom fields [S], the subject [K]. */
const FIELD_CHARS = 100;
const SUBJECT_CHARS = 100;

/** Events that `inbound` understands. Recipient events are asked for too, because an envelope that one of two has signed does not change its own status. */
const EVENTS = ['sent', 'delivered', 'completed', 'declined', 'voided', 'resent', 'corrected', 'deleted', 'discard']
  .map((event) => `envelope-${event}`)
  .concat(['sent', 'delivered', 'completed', 'declined', 'autoresponded', 'reassign'].map((event) => `recipient-${event}`));

/** The body of `POST /envelopes` for a draft. Every boolean and number is a text, as the vendor wants it. */
export function envelopeDefinition(call: Call, request: EnvelopeRequest, roles: readonly TemplateRole[]): Record<string, unknown> {
  return {
    status: 'created',
    templateId: request.template,
    emailSubject: shortened(request.subject, SUBJECT_CHARS),
    ...(request.message ? { emailBlurb: request.message } : {}),
    transactionId: request.envelope,
    templateRoles: request.recipients.map(({ role, name, email, order, embedded }) => ({
      roleName: role,
      name,
      email,
      routingOrder: String(order),
      ...(embedded ? { clientUserId: clientUserOf(role) } : {}),
      ...tabsOf(request, role, roles),
    })),
    customFields: { textCustomFields: customFields(request) },
    ...notification(request),
    eventNotification: eventNotification(call),
  };
}

/** Marks a recipient as embedded, and names them again when they come to sign. Within an envelope a role is one person. */
export const clientUserOf = (role: string): string => role.slice(0, FIELD_CHARS);

/** A value is set by its label within its kind of tab, so the kind must be the template's. */
function tabsOf(request: EnvelopeRequest, role: string, roles: readonly TemplateRole[]): { tabs?: Record<string, { tabLabel: string; value: string }[]> } {
  const tabs: Record<string, { tabLabel: string; value: string }[]> = {};
  for (const { label, value } of request.fields.filter((field) => field.role === role)) {
    const kind = roles.find(({ name }) => name === role)?.tabs.find((tab) => tab.label === label)?.kind;
    if (!kind)
      throw new Problem('vendor.rejected', { say: `The DocuSign template has no field "${label}" for the role "${role}". Correct the mapping or the template, then replay.` });
    (tabs[kind] ??= []).push({ tabLabel: label, value });
  }
  return Object.keys(tabs).length > 0 ? { tabs } : {};
}

/** Hidden and not required: signers do not see them. Fields given here replace those that the account's administrator defined. */
function customFields(request: EnvelopeRequest): Record<string, string>[] {
  const labels = Object.entries({ ...request.labels, [CORRELATION_FIELD]: request.envelope });
  return labels.map(([name, value]) => ({ name: name.slice(0, FIELD_CHARS), value: value.slice(0, FIELD_CHARS), show: 'false', required: 'false' }));
}

function notification({ reminders, expiresAfterDays }: EnvelopeRequest): { notification?: Record<string, unknown> } {
  if (!reminders && expiresAfterDays === null) return {};
  const reminding = reminders
    ? { reminderEnabled: 'true', reminderDelay: String(reminders.afterDays), reminderFrequency: String(reminders.everyDays) }
    : { reminderEnabled: 'false', reminderDelay: '0', reminderFrequency: '0' };
  const expirations = expiresAfterDays === null ? {} : { expirations: { expireEnabled: 'true', expireAfter: String(expiresAfterDays), expireWarn: '0' } };
  return { notification: { useAccountDefaults: 'false', reminders: reminding, ...expirations } };
}

/**
 * Asks for webhooks of this one envelope, which needs no administrator. The vendor accepts `events` only together with `deliveryMode` SIM and this
 * version. Its name here is `requireAcknowledgment` (an account-wide configuration says `requiresAcknowledgement`): without it a failure is not
 * repeated. `integratorManaged` [T] signs with the keys of the account that owns the app, instead of keys that each customer would have to make.
 */
function eventNotification(call: Call): Record<string, unknown> {
  return {
    url: call.webhookUrl,
    deliveryMode: 'SIM',
    events: EVENTS,
    eventData: { version: 'restv2.1', format: 'json', includeData: ['custom_fields', 'recipients'] },
    includeHMAC: 'true',
    integratorManaged: 'true',
    requireAcknowledgment: 'true',
    loggingEnabled: 'true',
  };
}

function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
