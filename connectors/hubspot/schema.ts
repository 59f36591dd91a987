import type { Property } from '@hubspot/api-client/lib/codegen/crm/properties/index.js';
import type { CrmSchema, FieldInfo, FieldType, Pipeline } from '#core/records';
import { entryOf } from '#lib/json';
import type { Call } from '#ports/call';
import { createInstallCache } from '#shared/install-cache';
import { hubspotCall } from './client.ts';

export type ObjectName = 'deals' | 'contacts' | 'companies' | 'line_items';

/**
 * `read` asks for every property that the account has and HubSpot shows, so that a mapping may use any of them. That needs the names, and the
 * names change seldom: they are kept for five minutes an install. A fixed list would cost no call and refuse most mappings.
 */
const schemas = createInstallCache<CrmSchema>(5 * 60_000);

/** The account's schema as of at most five minutes ago. */
export const schemaOf = (call: Call): Promise<CrmSchema> => schemas.get(call, () => load(call));
export const forgetSchema = (call: Call): void => schemas.forget(call);

/** The account's schema now. Six calls. */
export function describe(call: Call): Promise<CrmSchema> {
  forgetSchema(call);
  return schemaOf(call);
}

async function load(call: Call): Promise<CrmSchema> {
  const [deal, contact, company, line, pipelines, contactLabels] = await Promise.all([
    fieldsOf(call, 'deals'),
    fieldsOf(call, 'contacts'),
    fieldsOf(call, 'companies'),
    fieldsOf(call, 'line_items'),
    pipelinesOf(call),
    labelsOf(call),
  ]);
  return { fields: { deal, contact, company, line }, pipelines, stageField: 'dealstage', contactLabels, readAt: Date.now() };
}

async function fieldsOf(call: Call, object: ObjectName): Promise<FieldInfo[]> {
  const { results } = await hubspotCall(call, (crm, bound) => crm.properties.coreApi.getAll(object, undefined, undefined, bound));
  return results.filter((property) => !property.hidden && !property.archived).map(fieldOf);
}

const TYPES: Record<string, FieldType> = { number: 'number', bool: 'bool', date: 'date', datetime: 'datetime', enumeration: 'choice' };

function fieldOf(property: Property): FieldInfo {
  const type = entryOf(TYPES, property.type) ?? 'text';
  // Stages, pipelines and owners are choices whose options live elsewhere.
  const options = type === 'choice' && !property.externalOptions ? (property.options ?? []).map((option) => option.value) : [];
  return {
    name: property.name,
    label: property.label,
    type,
    ...(options.length > 0 && { options }),
    writable: !property.calculated && !property.modificationMetadata?.readOnlyValue,
  };
}

async function pipelinesOf(call: Call): Promise<Pipeline[]> {
  const { results } = await hubspotCall(call, (crm, bound) => crm.pipelines.pipelinesApi.getAll('deals', bound));
  return results.map((pipeline) => ({
    id: pipeline.id,
    label: pipeline.label,
    stages: [...pipeline.stages]
      .filter((stage) => !stage.archived)
      .sort((a, b) => a.displayOrder - b.displayOrder)
      .map((stage, order) => ({ id: stage.id, label: stage.label, order, closed: stage.metadata?.isClosed === 'true' })),
  }));
}

async function labelsOf(call: Call): Promise<string[]> {
  const { results } = await hubspotCall(call, (crm, bound) => crm.associations.v4.schema.definitionsApi.getAll('deals', 'contacts', bound));
  return results.flatMap((label) => label.label ?? []);
}
