import { packageFields, packageObjects } from '../objects/package.ts';
import { privacy } from '../objects/privacy.ts';
import { account, around, contact, lead, opportunity } from '../objects/sales.ts';
import { activity, files, marketing, people } from '../objects/standard.ts';
import type { FieldDef, ObjectDef } from './metadata.ts';

const extra = packageFields();

/** Every object of the org, with the package's fields on it. */
export const DEFINITIONS: ObjectDef[] = [
  ...people(),
  account(),
  contact(),
  lead(),
  opportunity(),
  ...around(),
  ...marketing(),
  ...activity(),
  ...files(),
  ...privacy(),
  ...packageObjects(),
].map((known) => ({
  ...known,
  fields: [...known.fields, ...(extra[known.name] ?? [])],
}));

const byName = new Map(DEFINITIONS.map((known) => [known.name, known]));
const fieldsByName = new Map(DEFINITIONS.map((known) => [known.name, new Map(known.fields.map((field) => [field.name, field]))]));

/** @throws Error where the sandbox knows no such object */
export function definitionOf(name: string): ObjectDef {
  const known = byName.get(name);
  if (!known) throw new Error(`There is no object ${name}.`);
  return known;
}
export const fieldOf = (object: string, name: string): FieldDef | undefined => fieldsByName.get(object)?.get(name);
