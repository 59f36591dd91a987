import { EVENT_TYPES, EVENTS, eventsJsonSchema } from '#core/events';
import { isObject } from '#lib/json';

/** The published schema, laid out as a person would read it. */
export const renderSchema = (): string => `${JSON.stringify(eventsJsonSchema(), null, 2)}\n`;

/** The types, and the members that their data has. */
export function renderEvents(): string {
  const types = EVENT_TYPES.map((type) => `| \`${type}\` | ${EVENTS[type].description ?? ''} |`);
  const { $defs } = JSON.parse(JSON.stringify(eventsJsonSchema())) as { $defs: Record<string, { properties: Record<string, Record<string, unknown>> }> };
  const members = Object.entries($defs).flatMap(([name, { properties }]) => [
    '',
    `### The data of ${name === 'test' ? 'a test' : name === 'consent' ? 'a consent' : 'an envelope'}`,
    '',
    '| member | type | |',
    '| --- | --- | --- |',
    ...Object.entries(properties).map(([member, schema]) => `| \`${member}\` | ${typeOf(schema)} | ${typeof schema['description'] === 'string' ? schema['description'] : ''} |`),
  ]);
  return ['| type | when |', '| --- | --- |', ...types, ...members].join('\n');
}

function typeOf(schema: Record<string, unknown>): string {
  const { type, anyOf, enum: values, items, properties } = schema;
  if (Array.isArray(anyOf)) return anyOf.map((one) => (isObject(one) ? typeOf(one) : '')).join(' or ');
  if (Array.isArray(values)) return values.map((value) => `\`${String(value)}\``).join(', ');
  if (isObject(items)) return `list of ${typeOf(items)}`;
  if (isObject(properties)) return `{ ${Object.keys(properties).join(', ')} }`;
  return (Array.isArray(type) ? type : [type]).filter((one) => typeof one === 'string').join(' or ');
}
