import type { CrmSchema, Template } from '#core/records';
import type { Ground, Report } from './check.ts';
import { choicesOf } from './expressions.ts';
import { nearest } from './nearest.ts';
import type { Path } from './place.ts';
import { lacksOf } from './send-consents.ts';
import type { SendMapping, SendRule } from './schema.ts';
import { findTemplate, named, pipelinesOf, same } from './stages.ts';

/** Whether the names in a `send` mapping exist, and every role of every template is filled. */
export function checkSend(send: SendMapping, { schema, templates, texts }: Ground, report: Report): void {
  send.rules.forEach((rule, index) => {
    const say = (path: Path, words: string, more?: Parameters<Report>[3]): void => report(send, ['rules', index, ...path], words, more);
    if (schema) {
      checkStage(rule, schema, say);
      checkLabels(rule, schema, say);
    }
    if (templates) checkTemplates(rule, templates, say);
    if (texts) checkTexts(rule, texts, say);
  });
}

type Say = (path: Path, words: string, more?: Parameters<Report>[3]) => void;

function checkStage(rule: SendRule, schema: CrmSchema, say: Say): void {
  const { stage, pipeline } = rule.when;
  const pipelines = pipelinesOf(rule, schema);
  if (pipeline !== undefined && pipelines.length === 0) {
    const names = schema.pipelines.map(({ label }) => label);
    return say(['when', 'pipeline'], `The account has no pipeline "${pipeline}".`, { suggestion: nearest(pipeline, names) });
  }
  if (stage === undefined) return;
  const stages = pipelines.flatMap((candidate) => candidate.stages);
  if (stages.some((candidate) => named(candidate, stage))) return;
  const where = pipeline === undefined ? 'No pipeline' : `The pipeline "${pipeline}" does not`;
  const verb = pipeline === undefined ? 'has' : 'have';
  const names = stages.map(({ label }) => label);
  say(['when', 'stage'], `${where} ${verb} a stage "${stage}".`, { suggestion: nearest(stage, names) });
}

function checkLabels(rule: SendRule, schema: CrmSchema, say: Say): void {
  rule.recipients.forEach(({ from }, index) => {
    if (typeof from === 'string' || !('contact' in from)) return;
    if (schema.contactLabels.some((label) => same(label, from.contact))) return;
    // A label that nobody has used yet may not be listed; with a fallback the rule works without it.
    const level = from.else === 'nobody' ? 'error' : 'warning';
    say(['recipients', index, 'from', 'contact'], `The account has no association label "${from.contact}".`, { suggestion: nearest(from.contact, schema.contactLabels), level });
  });
}

function checkTemplates(rule: SendRule, templates: readonly Template[], say: Say): void {
  const found = choicesOf(rule).flatMap(({ use }, index) => {
    const template = findTemplate(templates, use);
    const path: Path = typeof rule.template === 'string' ? ['template'] : ['template', index, 'use'];
    if (!template) {
      const names = templates.map(({ name }) => name);
      say(path, `There is no template "${use}".`, { suggestion: nearest(use, names) });
    } else if (template.id !== use && templates.filter(({ name }) => same(name, use)).length > 1) {
      say(path, `There are several templates "${use}"; the first is taken. Name it by its id, ${template.id}.`, { level: 'warning' });
    }
    return template ? [{ template, path }] : [];
  });
  // A name can be judged only when every template of the rule is known.
  for (const { template, path } of found) {
    checkRoles(rule, template, path, say);
    checkConsents(rule, template, say);
  }
  if (found.length === choicesOf(rule).length)
    checkNames(
      rule,
      found.map(({ template }) => template),
      say,
    );
}

function checkRoles(rule: SendRule, template: Template, path: Path, say: Say): void {
  for (const role of template.roles) {
    const entries = rule.recipients.filter((recipient) => same(recipient.role, role.name));
    if (entries.length === 0) say(path, `Nobody fills the role "${role.name}" of the template "${template.name}".`);
    else if (entries.every((entry) => entry.if !== undefined)) {
      say(path, `The role "${role.name}" of "${template.name}" is filled under conditions only; where none holds, nothing is sent.`, { level: 'warning' });
    }
  }
}

/** Every template of the rule has to ask: one that does not would be signed without anybody having been asked. */
function checkConsents(rule: SendRule, template: Template, say: Say): void {
  rule.consents.forEach((consent, index) => {
    for (const { key, say: words, suggestion } of lacksOf(consent, template)) say(['consents', index, key], words, { suggestion });
  });
}

function checkTexts(rule: SendRule, texts: readonly string[], say: Say): void {
  rule.consents.forEach(({ text }, index) => {
    if (!texts.includes(text)) say(['consents', index, 'text'], `No consent text "${text}" is published.`, { suggestion: nearest(text, texts) });
  });
}

function checkNames(rule: SendRule, templates: readonly Template[], say: Say): void {
  const roles = templates.flatMap((template) => template.roles.map(({ name }) => name));
  rule.recipients.forEach(({ role }, index) => {
    if (!roles.some((name) => same(name, role))) say(['recipients', index, 'role'], `No template of this rule has a role "${role}".`, { suggestion: nearest(role, roles) });
  });
  const labels = templates.flatMap((template) => template.fields.map(({ label }) => label));
  for (const label of Object.keys(rule.fields)) {
    if (!labels.includes(label)) say(['fields', label], `No template of this rule has a field "${label}".`, { suggestion: nearest(label, labels) });
  }
}
