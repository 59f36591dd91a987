import type { ConsentHow, ConsentStatus, ConsentType, LegalBasis } from '#core/consent';
import type { ConsentId } from '#core/ids';
import type { Consent, SealedIdentity } from '#store/consents';
import { openIdentity } from '#store/consents';
import type { Telling } from '#store/view';
import { Badge, EFFECT_WORDS, type Tone } from './badge.tsx';
import { at, tenantIn, vendorName, type ConsoleContext } from './context.ts';
import { When } from './when.tsx';

export const STATUS_WORDS: Record<ConsentStatus, readonly [string, Tone]> = {
  granted: ['Granted', 'good'],
  declined: ['Declined', 'plain'],
  withdrawn: ['Withdrawn', 'bad'],
  expired: ['Expired', 'warn'],
};
export const TYPE_WORDS: Record<ConsentType, string> = {
  contract: 'Contract',
  'electronic-records': 'Electronic records',
  'privacy-notice': 'Privacy notice',
  terms: 'Terms',
  marketing: 'Marketing',
};
export const HOW_WORDS: Record<ConsentHow, string> = {
  envelope: 'Field of a signed envelope',
  capture: 'Capture page',
  api: 'API',
  import: 'Import',
  crm: 'Changed in the CRM',
};
/** The same in a word, for tables. */
export const HOW_SHORT: Record<ConsentHow, string> = { envelope: 'Signed', capture: 'Page', api: 'API', import: 'Import', crm: 'CRM' };
export const BASIS_WORDS: Record<LegalBasis, string> = {
  consent: 'Consent',
  contract: 'Performance of a contract',
  'legal-obligation': 'Legal obligation',
  'legitimate-interest': 'Legitimate interest',
  none: 'None named',
};
const OUTCOME_WORDS: Record<string, readonly [string, Tone]> = {
  told: ['Told', 'good'],
  already: ['Stood there already', 'good'],
  'no-place': ['Has no place for it', 'plain'],
  'kept-out': ['Objected there, kept so', 'warn'],
};

/** What an act is about, in words: `Marketing: newsletter, by email`. */
export function topicWords({ type, purpose, channel }: { type: ConsentType; purpose: string | null; channel: string | null }): string {
  if (type !== 'marketing') return TYPE_WORDS[type];
  return `${TYPE_WORDS[type]}: ${purpose ?? 'all purposes'}, ${channel === null ? 'by any channel' : `by ${channel}`}`;
}

/** Whom to show: the name where it can be opened, else the id alone. */
export async function identitiesOf(c: ConsoleContext, rows: readonly Consent[]): Promise<Map<ConsentId, SealedIdentity>> {
  const { db, sealer } = c.var.options;
  const opened = await Promise.all(rows.map(async (row) => [row.id, row.personal_hash === null ? null : await openIdentity(db, sealer, tenantIn(c).id, row)] as const));
  return new Map(opened.flatMap(([id, identity]) => (identity ? [[id, identity] as const] : [])));
}

export function PersonLink({ c, row, identity }: { c: ConsoleContext; row: Consent; identity: SealedIdentity | undefined }) {
  const name = identity?.name ?? identity?.email;
  return (
    <>
      <a href={at(c, `/consents/people/${row.person}`)}>{name ?? <code class="small">{row.person}</code>}</a>
      {identity?.name && identity.email ? <p class="soft small">{identity.email}</p> : null}
    </>
  );
}

/** The wording that an act rests on, with its version. */
export function Wording({ c, row }: { c: ConsoleContext; row: Consent }) {
  if (row.text === null) return <span class="soft">{row.status === 'withdrawn' ? 'none needed' : 'not known'}</span>;
  return (
    <a href={at(c, `/consents/texts/${row.text}`)}>
      {row.text_name}, version {row.text_version}
    </a>
  );
}

/** Which systems were told, with what they answered and whether it was in time; of `acts`, where there are several, each is named. */
export function Tellings({ c, tellings, acts }: { c: ConsoleContext; tellings: readonly Telling[]; acts?: readonly Consent[] }) {
  const now = c.var.options.clock.now();
  if (tellings.length === 0) return <p class="soft">No connected system keeps consent for this person.</p>;
  return (
    <ul class="rows">
      {tellings.map((one) => {
        const act = acts?.find(({ id }) => id === one.consent);
        const late = one.dueAt !== null && (one.doneAt ?? now) > one.dueAt && one.state !== 'cancelled';
        return (
          <li>
            <a href={at(c, `/outbox/${one.effect}`)}>{vendorName(c.var.options, one.vendor)}</a>
            {act ? <span>{topicWords(act)}</span> : null}
            <Badge words={(one.outcome === null ? undefined : OUTCOME_WORDS[one.outcome]) ?? EFFECT_WORDS[one.state]} />
            {late ? <Badge words={['Late', 'bad']} /> : null}
            <span class="soft">{one.note ?? ''}</span>
            <span class="soft end">{one.doneAt === null ? <Due telling={one} now={now} /> : <When at={one.doneAt} now={now} />}</span>
          </li>
        );
      })}
    </ul>
  );
}

/** Until when a system has to know that was not told yet; nothing where it will not be told any more. */
function Due({ telling, now }: { telling: Telling; now: number }) {
  if (telling.dueAt === null || telling.state === 'cancelled') return null;
  return (
    <>
      due <When at={telling.dueAt} now={now} />
    </>
  );
}
