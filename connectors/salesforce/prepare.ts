import { RECORD_TYPES } from '#core/records';
import type { Call } from '#ports/call';
import { KEYS, OBJECTS } from './describe-objects.ts';
import { hidden, missing } from './missing.ts';
import { PACKAGE_FIELDS } from './package-fields.ts';
import { fieldsOf, freshOrg, hasField, type Org } from './schema.ts';

/** Objects that every sales org has, and those of our package. Leads may be hidden or not bought: then nothing is written to them. */
const NEEDED = ['deal', 'contact', 'company', 'envelope', 'recipient'] as const;

/**
 * Checks that the org has our package and that the connected user may see and write what it brings, in one call. Nothing is made: objects and fields come with the
 * package, and an app that gives itself permissions is one that no admin should trust. Returns nothing, therefore.
 * @throws Problem `feature.unsupported` that names what is missing and what an admin does about it; it is checked again with each look at the account
 */
export async function prepare(call: Call): Promise<string[]> {
  const org = await freshOrg(call);
  for (const kind of NEEDED) if (!org.described[kind]) throw missing(OBJECTS[kind]);
  for (const kind of ['envelope', 'recipient'] as const) if (!hasField(org, kind, KEYS[kind])) throw hidden(OBJECTS[kind], [KEYS[kind]]);
  for (const kind of RECORD_TYPES) {
    const fields = lacking(org, kind);
    if (fields.length > 0) throw hidden(OBJECTS[kind], fields);
  }
  return [];
}

function lacking(org: Org, kind: (typeof RECORD_TYPES)[number]): string[] {
  if (!org.described[kind]) return [];
  const writable = new Set(fieldsOf(org, kind).flatMap((field) => (field.writable ? [field.name] : [])));
  return PACKAGE_FIELDS[kind].filter((name) => !writable.has(name));
}
