import { PRIORITY, type Effect } from '#core/effect';
import type { EnvelopeStatus } from '#core/envelope';
import type { EnvelopeId } from '#core/ids';
import type { EnvelopeView, PlannedStep } from '#core/plan';
import { Problem } from '#core/problem';
import type { CrmSchema } from '#core/records';
import type { Situation } from '#core/decide/situation';
import { canonicalJson } from '#lib/json';
import { sha256 } from '#lib/hmac';

const digest = (value: unknown): string => sha256(canonicalJson(value)).slice(0, 16);

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
        why: `The write-back mapping says so for "${view.status}".`,
      };
    });
}

/** A blocked send is told with the fields that are there: its reason may be that another one is missing. */
function onlyKnown<Value>(schema: CrmSchema | null, type: 'deal' | 'contact' | 'company', set: Record<string, Value>, lenient: boolean): Record<string, Value> {
  if (!lenient || !schema) return set;
  const known = new Set(schema.fields[type].filter((field) => field.writable).map((field) => field.name));
  return Object.fromEntries(Object.entries(set).filter(([name]) => known.has(name)));
}

/** Journey steps for a status that an envelope has just reached. */
export function journeyEffects(situation: Situation, view: EnvelopeView & { id: EnvelopeId }, status: EnvelopeStatus, owner: string | null): Effect[] {
  const base = {
    install: situation.crm.id,
    priority: PRIORITY.event,
    notBefore: situation.now + situation.coalesceMs,
    envelope: view.id,
    why: `The journey mapping says so for "${status}".`,
  };
  // Consent is decided on here, before an effect exists. What asks for more than none waits for proof of it, and nothing proves it yet.
  const allowed = situation.rules.steps(view, status).filter((step) => step.consent === 'none');
  return allowed.map((step): Effect => {
    const key = `journey|${view.id}|${status}|${digest(step)}`;
    switch (step.kind) {
      case 'set':
        return { ...base, key, kind: 'record.write', data: { record: { type: 'contact', id: step.contact }, set: step.set } };
      case 'list':
        return { ...base, key, kind: 'journey.emit', data: { contact: step.contact, list: step.list } };
      case 'task':
        return { ...base, key, kind: 'task.create', data: { deal: view.deal, owner, subject: step.subject, body: step.body } };
      default:
        return unreachable(step);
    }
  });
}

function unreachable(step: never): never {
  throw new Error(`Unknown journey step ${JSON.stringify(step satisfies PlannedStep)}`);
}

/** Runs a mapping that may fail on this record: what the provider said stands all the same, and the tenant hears of the mapping. */
export function mapped(plan: () => Effect[]): { effects: Effect[]; alarm?: string } {
  try {
    return { effects: plan() };
  } catch (error) {
    const problem = Problem.from(error);
    if (problem.code !== 'mapping.failed') throw error;
    return { effects: [], alarm: problem.message };
  }
}
