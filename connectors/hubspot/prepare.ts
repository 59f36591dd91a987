import type { PropertyCreate, PropertyCreateFieldTypeEnum, PropertyCreateTypeEnum } from '@hubspot/api-client/lib/codegen/crm/properties/index.js';
import type { Call } from '#ports/call';
import { hubspotCall } from './client.ts';
import { isRefused } from './problem.ts';
import { prepareEvent } from './journey-event.ts';
import { GROUP, OWN_PROPERTIES, type OwnProperty } from './properties.ts';
import { forgetSchema } from './schema.ts';

const FIELD_TYPE = { string: 'text', number: 'number', datetime: 'date', enumeration: 'select' } as const;

/** Makes the property group and properties that the account lacks, and our event where the account has custom events. Eight calls where all is new, three where nothing is. */
export async function prepare(call: Call): Promise<string[]> {
  const made: string[] = [];
  for (const object of ['deals', 'contacts'] as const) {
    const present = new Set((await hubspotCall(call, (crm, bound) => crm.properties.coreApi.getAll(object, undefined, undefined, bound))).results.map((property) => property.name));
    const absent = OWN_PROPERTIES[object].filter((property) => !present.has(property.name));
    if (absent.length === 0) continue;
    await makeGroup(call, object);
    made.push(...(await makeProperties(call, object, absent)));
  }
  if (made.length > 0) forgetSchema(call);
  return [...made, ...(await prepareEvent(call))];
}

/** The group must be there before its properties. 409 says that it is. */
async function makeGroup(call: Call, object: string): Promise<void> {
  await hubspotCall(call, async (crm, bound) => {
    await crm.properties.groupsApi.create(object, { ...GROUP, displayOrder: -1 }, bound).catch(unlessPresent);
  });
}

async function makeProperties(call: Call, object: string, absent: OwnProperty[]): Promise<string[]> {
  const inputs = absent.map(asCreate);
  const answer = await hubspotCall(call, async (crm, bound) => crm.properties.batchApi.create(object, { inputs }, bound).catch(unlessPresent));
  const made = answer?.results.map((property) => property.name) ?? [];
  // What the batch left out is there already, because another process is at the same work; or it is refused for itself, and says why when made alone.
  for (const input of inputs.filter(({ name }) => !made.includes(name))) {
    const property = await hubspotCall(call, async (crm, bound) => crm.properties.coreApi.create(object, input, bound).catch(unlessPresent));
    if (property) made.push(property.name);
  }
  return made.map((name) => `property ${name} on ${object}`);
}

function unlessPresent(thrown: unknown): undefined {
  if (isRefused(thrown, 409)) return undefined;
  throw thrown;
}

function asCreate(property: OwnProperty): PropertyCreate {
  const options = property.options?.map((value, displayOrder) => ({ value, label: words(value), displayOrder, hidden: false }));
  return {
    groupName: GROUP.name,
    name: property.name,
    label: property.label,
    description: property.description,
    type: property.type as PropertyCreateTypeEnum,
    fieldType: FIELD_TYPE[property.type] as PropertyCreateFieldTypeEnum,
    ...(options && { options }),
  };
}

function words(value: string): string {
  return value.charAt(0).toUpperCase() + value.slice(1).replaceAll('_', ' ');
}
