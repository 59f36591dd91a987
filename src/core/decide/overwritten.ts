import { PRIORITY, type Effect } from '#core/effect';
import type { Fact } from '#core/fact';
import { RESTORE_KEY } from '#core/overwrite';
import { moved, noted, type Decision, type Situation } from '#core/decide/situation';

/** What was frozen stays frozen here whatever the CRM says; whether the CRM is set right again is the tenant's choice. */
export function onOverwritten({ data }: Fact<'attribution.overwritten'>, situation: Situation): Decision {
  const { record, field, frozen, found, envelope } = data;
  const say = `The ${record.type}'s field ${field} was written once with "${String(frozen)}" and says "${String(found)}" now.`;
  if (!situation.envelope) return noted(`${say} The envelope that it was written for is not there.`);
  if (!situation.rules.restores()) return noted(`${say} It is left as it is; what was frozen with the envelope is unchanged.`);
  const effect: Effect = {
    kind: 'record.write',
    key: `${RESTORE_KEY}${situation.cause}`,
    install: situation.crm.id,
    data: { record, set: { [field]: frozen } },
    priority: PRIORITY.background,
    notBefore: situation.now + situation.coalesceMs,
    envelope,
    why: 'The write-back mapping asks for what was written once to be restored.',
  };
  return moved(`${say} It is set back.`, [effect]);
}
