import type { Rules } from '#core/decide/situation';
import { preflight } from '#core/mapping/preflight';
import { planJourney } from '#core/mapping/journey';
import { parseMapping } from '#core/mapping/parse';
import type { MappingKind, Mappings } from '#core/mapping/schema';
import { matchStage, planSend } from '#core/mapping/send';
import { planWrites } from '#core/mapping/writeback';
import { Problem } from '#core/problem';
import type { CrmSchema, Template } from '#core/records';

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
      const pipelines = pipeline === null ? schema.pipelines.map(({ id }) => id) : [pipeline];
      return pipelines.some((id) => matchStage(send, schema, { pipeline: id, stage }).length > 0);
    },
    plan(snapshot, trigger) {
      if (schema) return planSend(send, { snapshot, schema, templates, trigger });
      return { send: false, rule: null, reasons: [{ code: 'no-schema', say: "The CRM account's fields and stages have not been read yet. Try again in a minute.", path: '' }] };
    },
    preflight: () => (schema ? preflight(writeback, schema) : []),
    writes: (view) => planWrites(writeback, view),
    steps: (view, status) => planJourney(journey, view, status).steps,
  };
}

function parse<Kind extends MappingKind>(kind: Kind, text: string): Mappings[Kind] {
  const parsed = parseMapping(kind, text);
  if (parsed.ok) return parsed.mapping;
  throw new Problem('mapping.faulty', { say: `The ${kind} mapping has faults: ${parsed.faults.map(({ path, say }) => `${path}: ${say}`).join('; ')}` });
}
