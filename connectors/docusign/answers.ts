import * as z from 'zod';
import type { SignedForm } from '#core/pinned-consent';
import { Problem } from '#core/problem';
import { sha256 } from '#lib/hmac';
import type { Call } from '#ports/call';
import { ask, bodyOf } from './client.ts';
import { combinedDocument } from './document.ts';
import { instant, SIGNING_KINDS } from './wire.ts';

const text = z
  .union([z.string(), z.number(), z.boolean()])
  .nullish()
  .transform((value) => (value === null || value === undefined ? '' : String(value)));
const items = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((list) => list ?? []);

/** `envelopeFormData` of the contract. The times have capitals there, and only there. */
const formShape = z.object({
  recipientFormData: items(z.object({ recipientId: text, email: text, SignedTime: text, formData: items(z.object({ name: text, value: text })) })),
});

const result = z.object({ status: text }).nullish();
/** How the vendor may have made sure of a signer, beside the link that it mailed, in its own names: the strongest first. */
const CHECKS = {
  identityVerificationResult: 'identity-document',
  idQuestionsResult: 'knowledge-questions',
  idLookupResult: 'identity-lookup',
  smsAuthResult: 'sms',
  phoneAuthResult: 'phone-call',
  accessCodeResult: 'access-code',
} as const;
type Check = keyof typeof CHECKS;
const CHECK_NAMES = Object.keys(CHECKS) as Check[];
const checks = Object.fromEntries(CHECK_NAMES.map((name) => [name, result])) as Record<Check, typeof result>;
const signer = z.object({ recipientId: text, roleName: text, signedDateTime: text, clientUserId: text, recipientAuthenticationStatus: z.object(checks).nullish() });
type Signer = z.infer<typeof signer>;
const lists = Object.fromEntries(SIGNING_KINDS.map((kind) => [kind, items(signer)])) as Record<(typeof SIGNING_KINDS)[number], ReturnType<typeof items<typeof signer>>>;
const listShape = z.object({ envelopes: items(z.object({ envelopeId: text, status: text, recipients: z.object(lists).nullish() })) });

/** A ticked box is an X in the form data [K]; `true` is what tabs themselves say. */
const TICKED = /^(x|true)$/i;

/**
 * What every signer filled in and ticked, and the hash of what was signed. Form data has no roles, so those come from the envelope's recipients, in a list: the polling rule
 * counts reads of the envelope itself. The document is hashed as it passes and kept nowhere.
 * @throws Problem `vendor.not-found` where it is not completed
 */
export async function answers(call: Call, remote: string): Promise<SignedForm> {
  const signers = await signersOf(call, remote);
  const { recipientFormData } = bodyOf(await ask(call, { method: 'GET', path: `/envelopes/${encodeURIComponent(remote)}/form_data` }), formShape);
  const forms = new Map(recipientFormData.map((form) => [form.recipientId, form]));
  return {
    answers: signers.flatMap(({ recipientId, roleName }) =>
      (forms.get(recipientId)?.formData ?? []).map(({ name, value }) => ({ role: roleName, label: name, value, ticked: TICKED.test(value.trim()) })),
    ),
    signers: signers.map((one) => {
      const form = forms.get(one.recipientId);
      return { role: one.roleName, email: form?.email || null, method: methodOf(one), at: instant(one.signedDateTime) ?? instant(form?.SignedTime) };
    }),
    documentHash: sha256(await combinedDocument(call, remote)),
  };
}

async function signersOf(call: Call, remote: string): Promise<Signer[]> {
  const { envelopes } = bodyOf(await ask(call, { method: 'GET', path: '/envelopes', query: { envelope_ids: remote, include: 'recipients' } }), listShape);
  const found = envelopes.find(({ envelopeId }) => envelopeId === remote);
  if (found?.status.toLowerCase() !== 'completed') throw new Problem('vendor.not-found', { say: 'The envelope is not completed, so there are no answers yet.' });
  return SIGNING_KINDS.flatMap((kind) => found.recipients?.[kind] ?? []).filter(({ roleName }) => roleName !== '');
}

/** A recipient with a `clientUserId` was let in by the sender's own application instead of a mailed link. */
function methodOf({ recipientAuthenticationStatus: told, clientUserId }: Signer): string {
  const passed = CHECK_NAMES.filter((name) => /^pass/i.test(told?.[name]?.status ?? '')).map((name) => CHECKS[name]);
  return [clientUserId === '' ? 'mail-link' : 'embedded-session', ...passed].join('+');
}
