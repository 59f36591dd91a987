import type { Rules } from '#core/decide/situation';
import { planConsentWrites } from '#core/mapping/consent-writes';
import { preflight } from '#core/mapping/preflight';
import { planJourney, planWaits } from '#core/mapping/journey';
import { parseMapping } from '#core/mapping/parse';
import type { AnyMapping, MappingKind, Mappings } from '#core/mapping/schema';
import { matchStage, planSend } from '#core/mapping/send';
import { renamedStage } from '#core/mapping/stages';
import { planAttachments, planWrites } from '#core/mapping/writeback';
import { Problem } from '#core/problem';
import { sha256 } from '#lib/hmac';
import type { CrmSchema, Template } from '#core/records';

const MINUTE_MS = 60_000;

/** Mapping texts as functions, on the ground of what the accounts were last seen to have. @throws Problem `mapping.faulty` */
export function compileRules(texts: Record<MappingKind, string>, ground: { schema: CrmSchema | null; templates: readonly Template[] | null }): Rules {
  const { schema } = ground;
  const templates = ground.templates ?? [];
  const send = parse('send', texts.send);
  const writeback = parse('writeback', texts.writeback);
  const journey = parse('journey', texts.journey);
  return {
    startsAt(pipeline, stage) {
      // Without the account's stages nothing can be ruled out.
      if (!schema) return true;
      return at(schema, pipeline).some((id) => matchStage(send, schema, { pipeline: id, stage }).length > 0);
    },
    renamed(pipeline, stage) {
      const found = schema && at(schema, pipeline).flatMap((id) => renamedStage(send, schema, { pipeline: id, stage }) ?? [])[0];
      if (!found) return null;
      const { rule, was, is } = found;
      const say = `Rule "${rule.id}" starts at the stage "${was}", which is called "${is}" now. Write that name into the rule, or the stage's id, then move the deal there again.`;
      return { rule: rule.id, reason: { code: 'stage-renamed', say, path: `rules[${send.rules.indexOf(rule)}].when.stage` } };
    },
    brake(id) {
      const { when = null, if: condition = null, policies } = send.rules.find((rule) => rule.id === id) ?? {};
      const { sends, minutes, firstRun } = policies?.ceiling ?? {};
      const ceiling = {
        ...(sends === undefined ? {} : { sends }),
        ...(minutes === undefined ? {} : { withinMs: minutes * MINUTE_MS }),
        ...(firstRun === undefined ? {} : { firstRun }),
      };
      return { ceiling, start: JSON.stringify([when?.stage ?? null, when?.pipeline ?? null, condition]) };
    },
    texts: () => [...new Set(send.rules.flatMap((rule) => rule.consents.map(({ text }) => text)))],
    plan(snapshot, trigger, touched = {}, texts = []) {
      if (schema) return planSend(send, { snapshot, schema, templates, trigger, touched, texts });
      return { send: false, rule: null, reasons: [{ code: 'no-schema', say: "The CRM account's fields and stages have not been read yet. Try again in a minute.", path: '' }] };
    },
    preflight: () => (schema ? preflight(writeback, schema) : []),
    writes: (view) => planWrites(writeback, view),
    restores: () => writeback.restore,
    consentWrites: (view) => planConsentWrites(writeback, view),
    attachments: (view) => planAttachments(writeback, view),
    steps: (view, moment) => planJourney(journey, view, moment).steps,
    waits: (status) => planWaits(journey, status),
  };
}

/** Pipelines by id: the one that is known, or all that it may be. */
const at = (schema: CrmSchema, pipeline: string | null): string[] => (pipeline === null ? schema.pipelines.map(({ id }) => id) : [pipeline]);

/** Most tenants have the shipped texts, and to read those three takes longer than to settle a notice by them. */
const READ_TEXTS = 500;
const read = new Map<string, AnyMapping>();

function parse<Kind extends MappingKind>(kind: Kind, text: string): Mappings[Kind] {
  const key = `${kind}|${sha256(text)}`;
  const known = read.get(key);
  if (known) return known as Mappings[Kind];
  const parsed = parseMapping(kind, text);
  if (parsed.ok) {
    if (read.size >= READ_TEXTS) read.clear();
    read.set(key, parsed.mapping);
    return parsed.mapping;
  }
  throw new Problem('mapping.faulty', { say: `The ${kind} mapping has faults: ${parsed.faults.map(({ path, say }) => (path ? `${path}: ${say}` : say)).join('; ')}` });
}
