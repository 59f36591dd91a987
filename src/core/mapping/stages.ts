import type { CrmSchema, Pipeline, Stage } from '#core/records';
import type { SendMapping, SendRule } from './schema.ts';

/** Former labels of a stage that are remembered. */
const FORMER_LABELS = 5;

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

/** A rule that would start at a stage if that were still called as it was: the rule names it, and nothing in the pipeline has that name now. */
export function renamedStage(send: SendMapping, schema: CrmSchema, at: { pipeline: string; stage: string }): { rule: SendRule; was: string; is: string } | null {
  for (const rule of send.rules) {
    const { stage: was } = rule.when;
    const pipeline = pipelinesOf(rule, schema).find(({ id }) => id === at.pipeline);
    const stage = pipeline?.stages.find(({ id }) => id === at.stage);
    if (was === undefined || !pipeline || !stage || pipeline.stages.some((one) => named(one, was))) continue;
    if (stage.formerly?.some((label) => same(label, was))) return { rule, was, is: stage.label };
  }
  return null;
}

/** An account's stages with what they were called before, of which a CRM says nothing. */
export function rememberLabels(before: CrmSchema | null, now: CrmSchema): CrmSchema {
  const known = new Map(before?.pipelines.flatMap(({ id, stages }) => stages.map((stage) => [`${id}|${stage.id}`, stage] as const)));
  const withFormer = (pipeline: string, stage: Stage): Stage => {
    const { label, formerly = [] } = known.get(`${pipeline}|${stage.id}`) ?? stage;
    const labels = [...new Set([...formerly, label])].filter((one) => one !== stage.label);
    return labels.length === 0 ? stage : { ...stage, formerly: labels.slice(-FORMER_LABELS) };
  };
  return { ...now, pipelines: now.pipelines.map((pipeline) => ({ ...pipeline, stages: pipeline.stages.map((stage) => withFormer(pipeline.id, stage)) })) };
}

/** A template by its id, or else by its name in any case. */
export function findTemplate<T extends { id: string; name: string }>(templates: readonly T[], name: string): T | undefined {
  return templates.find(({ id }) => id === name) ?? templates.find((template) => same(template.name, name));
}
