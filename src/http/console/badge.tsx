import type { EnvelopeStatus, RecipientStatus } from '#core/envelope';
import type { EffectState, NoticeState } from '#store/view';

/** Colours carry meaning only beside words. */
export type Tone = 'plain' | 'wait' | 'good' | 'warn' | 'bad';
type Words = readonly [string, Tone];

export const ENVELOPE_WORDS: Record<EnvelopeStatus, Words> = {
  requested: ['Requested', 'wait'],
  sent: ['Sent', 'wait'],
  viewed: ['Viewed', 'wait'],
  partially_signed: ['Partially signed', 'wait'],
  completed: ['Completed', 'good'],
  declined: ['Declined', 'bad'],
  voided: ['Voided', 'plain'],
  expired: ['Expired', 'warn'],
  failed: ['Failed', 'bad'],
};
export const RECIPIENT_WORDS: Record<RecipientStatus, Words> = {
  waiting: ['not yet asked', 'plain'],
  sent: ['asked', 'wait'],
  bounced: ['mail bounced', 'warn'],
  viewed: ['has looked', 'wait'],
  signed: ['signed', 'good'],
  declined: ['declined', 'bad'],
};
export const NOTICE_WORDS: Record<NoticeState, Words> = {
  ready: ['Waiting', 'wait'],
  done: ['Done', 'good'],
  noted: ['Noted', 'plain'],
  dead: ['Dead letter', 'bad'],
};
export const EFFECT_WORDS: Record<EffectState, Words> = {
  ready: ['Waiting', 'wait'],
  leased: ['Running', 'wait'],
  done: ['Done', 'good'],
  parked: ['Dead letter', 'bad'],
  held: ['Held', 'warn'],
  cancelled: ['Cancelled', 'plain'],
};

export function Badge({ words: [text, tone] }: { words: Words }) {
  return <span class={`badge ${tone}`}>{text}</span>;
}

/** Each role with a mark of how far it has come. */
export function RoleProgress({ recipients }: { recipients: { role: string; status: RecipientStatus }[] }) {
  return (
    <ul class="roles">
      {recipients.map(({ role, status }) => (
        <li class={RECIPIENT_WORDS[status][1]} title={RECIPIENT_WORDS[status][0]}>
          {role}
          <span class="sr">: {RECIPIENT_WORDS[status][0]}</span>
        </li>
      ))}
    </ul>
  );
}
