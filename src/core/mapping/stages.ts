import type { CrmSchema, Pipeline } from '#core/records';
import type { SendMapping, SendRule } from './schema.ts';

/** Whether a name in a mapping means this thing: by its id, or by its label in any case. */
export function named(thing: { id: string; label: string }, name: string): boolean {
  return thing.id === name || same(thing.label, name);
}

export const same = (a: string, b: string): boolean => a.trim().toLowerCase() === b.trim().toLowerCase();

/** The pipelines that a rule may be about. */
export function pipelinesOf(rule: SendRule, schema: CrmSchema): Pipeline[] {
  const { pipeline } = rule.when;
  return pipeline === undefined ? schema.pipelines : schema.pipelines.filter((candidate) => named(candidate, pipeline));
}

/** The rules that speak of a stage, in the order of the file. `at` holds ids, as a snapshot does. */
export function matchStage(send: SendMapping, schema: CrmSchema, at: { pipeline: string; stage: string }): SendRule[] {
  return send.rules.filter((rule) => {
    const { stage } = rule.when;
    if (stage === undefined) return false;
    return pipelinesOf(rule, schema).some((pipeline) => pipeline.id === at.pipeline && pipeline.stages.some((candidate) => candidate.id === at.stage && named(candidate, stage)));
  });
}

/** A template by its id, or else by its name in any case. */
export function findTemplate<T extends { id: string; name: string }>(templates: readonly T[], name: string): T | undefined {
  return templates.find(({ id }) => id === name) ?? templates.find((template) => same(template.name, name));
}
