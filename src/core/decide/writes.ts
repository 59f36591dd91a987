import { PRIORITY, type Effect } from '#core/effect';
import { statusWords } from '#core/envelope';
import type { EnvelopeId } from '#core/ids';
import type { EnvelopeView } from '#core/plan';
import { Problem } from '#core/problem';
import type { CrmSchema, RecordType } from '#core/records';
import type { Situation } from '#core/decide/situation';
import { canonicalJson } from '#lib/json';
import { sha256 } from '#lib/hmac';

const ATTACH_LATER_MS = 2_000;
export const digest = (value: unknown): string => sha256(canonicalJson(value)).slice(0, 16);

/** Write-back for what an envelope has become. A deal and its contacts tell of the newest envelope, so an older one that is heard of late writes nothing. */
export function writeEffects(situation: Situation, view: EnvelopeView, cause: { envelope: EnvelopeId | null; priority: number }): Effect[] {
  if (situation.overtaken) return [];
  return situation.rules
    .writes(view)
    .map((write) => ({ ...write, set: onlyKnown(situation.schema, write.record.type, write.set, view.status === 'blocked') }))
    .filter((write) => Object.keys(write.set).length > 0)
    .map((write): Effect => {
      const once = write.once.filter((field) => field in write.set);
      return {
        kind: 'record.write',
        key: `write|${situation.cause}|${write.record.type}|${write.record.id}|${digest(write.set)}`,
        install: situation.crm.id,
        data: { record: write.record, set: write.set, ...(once.length > 0 ? { once } : {}) },
        priority: cause.priority,
        notBefore: situation.now + (cause.priority === PRIORITY.click ? 0 : situation.coalesceMs),
        envelope: cause.envelope,
        why: `The write-back mapping says so for "${statusWords(view.status)}".`,
      };
    });
}

/** A blocked send is told with the fields that are there: its reason may be that another one is missing. */
function onlyKnown<Value>(schema: CrmSchema | null, type: RecordType, set: Record<string, Value>, lenient: boolean): Record<string, Value> {
  if (!lenient || !schema) return set;
  const known = new Set((schema.fields[type] ?? []).filter((field) => field.writable).map((field) => field.name));
  return Object.fromEntries(Object.entries(set).filter(([name]) => known.has(name)));
}

/** What follows from a fact, and what the tenant must hear of. */
export interface FollowUps {
  effects: Effect[];
  alarm?: string;
  /** What was left out for want of consent, in words for the timeline. */
  suppressed?: string;
}

/** The signed document, kept with the records that the mapping names. */
export function attachEffects(situation: Situation, view: EnvelopeView & { id: EnvelopeId }): Effect[] {
  return situation.rules.attachments(view).map(({ record }) => ({
    kind: 'document.attach',
    key: `attach|${view.id}|${record.type}|${record.id}`,
    install: situation.crm.id,
    data: { record, envelope: view.id },
    priority: PRIORITY.background,
    // After the records, which may be what it is kept with.
    notBefore: situation.now + situation.coalesceMs + ATTACH_LATER_MS,
    envelope: view.id,
    why: 'The write-back mapping asks for the signed document.',
  }));
}

/** Runs a mapping that may fail on this record: what the provider said stands all the same, and the tenant hears of the mapping. */
export function mapped(plan: () => FollowUps): FollowUps {
  try {
    return plan();
  } catch (error) {
    const problem = Problem.from(error);
    if (problem.code !== 'mapping.failed') throw error;
    return { effects: [], alarm: problem.message };
  }
}
