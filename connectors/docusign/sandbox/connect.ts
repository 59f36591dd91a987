import type { Clock } from '#lib/clock';
import { hmacBase64 } from '#lib/hmac';
import type { Random } from '#lib/random';
import type { Faults } from '#ports/sandbox';
import { createPostman } from '#shared/sandbox/postman';
import { envelopeCore, vendorTime } from './rendering.ts';
import { ACCOUNT, type SandboxState, type StoredEnvelope, type StoredRecipient } from './state.ts';

/** The vendor's rhythm is not known [U]; this one lets a person see a webhook come again. */
const RETRY_MS = [500, 1000, 2000, 4000, 8000, 15_000];
/** Connect numbers its configurations; an envelope's own webhook has one too. */
const CONFIGURATION_ID = 10595;

export interface ConnectOptions {
  state: SandboxState;
  clock: Clock;
  random: Random;
  faults: Faults;
  keys: readonly string[];
}

/** Connect in JSON SIM mode, per envelope: a message an event, signed once for each live key. */
export function createConnect({ state, clock, random, faults, keys }: ConnectOptions) {
  const spoil = (headers: Record<string, string>) => {
    for (const name of Object.keys(headers)) if (name.startsWith('X-DocuSign-Signature')) headers[name] = hmacBase64('not a key of this account', name);
  };
  const patient = createPostman({ faults, random, clock, retryMs: RETRY_MS, spoil });
  // Who does not ask for acknowledgement gets one attempt.
  const once = createPostman({ faults, random, clock, retryMs: [], spoil });

  /** The message as of now; what happens to the envelope later does not change it. */
  function message(envelope: StoredEnvelope, event: string, recipient: StoredRecipient | undefined, includeData: readonly string[]): (attempt: number) => string {
    state.sequence += 1;
    const generatedDateTime = vendorTime(clock.now(), state.sequence);
    const { user, id: accountId } = ACCOUNT;
    const summary = {
      ...envelopeCore(envelope, new Set(includeData)),
      sender: { userName: user.name, userId: user.id, accountId, email: user.email, ipAddress: '127.0.0.1' },
    };
    const data = {
      accountId,
      userId: user.id,
      ...(recipient ? { recipientId: recipient.recipientId } : {}),
      envelopeId: envelope.envelopeId,
      ...(includeData.length > 0 ? { envelopeSummary: summary } : {}),
    };
    const uri = `/restapi/v2.1/accounts/${accountId}/envelopes/${envelope.envelopeId}`;
    return (retryCount) => JSON.stringify({ event, apiVersion: 'v2.1', uri, retryCount, configurationId: CONFIGURATION_ID, generatedDateTime, data });
  }

  return {
    announce(envelope: StoredEnvelope, event: string, recipient?: StoredRecipient) {
      const asked = envelope.eventNotification;
      if (!asked?.events.includes(event)) return;
      const write = message(envelope, event, recipient, asked.includeData);
      const build = (attempt: number) => {
        const body = write(attempt);
        const headers: Record<string, string> = { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'DocuSign Connect (sandbox)' };
        if (asked.hmac) {
          headers['x-authorization-digest'] = 'HMACSHA256';
          keys.forEach((key, index) => (headers[`X-DocuSign-Signature-${index + 1}`] = hmacBase64(key, body)));
        }
        return { headers, body };
      };
      (asked.acknowledged ? patient : once).post({ url: asked.url, build });
    },
    quiet: async () => {
      await Promise.all([patient.quiet(), once.quiet()]);
    },
    close: () => {
      patient.close();
      once.close();
    },
  };
}
