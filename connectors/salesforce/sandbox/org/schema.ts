import { DEFINITIONS } from './definitions.ts';
import type { FieldDef, ObjectDef } from './metadata.ts';
import type { OrgState } from './state.ts';

/** A field as somebody may see it: under its full name, with what they may do to it. */
export interface SeenField {
  name: string;
  def: FieldDef;
  create: boolean;
  update: boolean;
  relation: string | null;
}
export interface SeenChild {
  relation: string;
  object: SeenObject;
  field: SeenField;
}
export interface SeenObject {
  name: string;
  def: ObjectDef;
  fields: SeenField[];
  /** Names are taken whatever their case, as the API does. */
  field(name: string): SeenField | undefined;
  relation(name: string): SeenField | undefined;
  children(): SeenChild[];
}
/** What somebody sees of the org's objects. */
export interface Schema {
  objects: SeenObject[];
  object(name: string): SeenObject | undefined;
  /** By the name without namespace. */
  own(name: string): SeenObject | undefined;
}

/** `everything` is what people on the pages see; programs see what field-level security and the package's permission set leave them. */
export interface Access {
  everything: boolean;
  /** Whether the package's objects and fields may be used. */
  packaged: boolean;
  /** Namespace that may be left out of names, from `Sforce-Call-Options: defaultNamespace=`. */
  defaultNamespace: string | null;
}

const MOST_KEPT = 50;
const kept = new WeakMap<OrgState, Map<string, Schema>>();

/** Kept as long as nothing changes of what it follows from: a request asks for it several times. */
export function schemaOf(state: OrgState, access: Access): Schema {
  const key = JSON.stringify([state.package, state.multiCurrency, state.privacy, state.fields, access]);
  const own = kept.get(state) ?? new Map<string, Schema>();
  const schema = own.get(key) ?? makeSchema(state, access);
  if (own.size >= MOST_KEPT) own.clear();
  kept.set(state, own.set(key, schema));
  return schema;
}

function makeSchema(state: OrgState, access: Access): Schema {
  const { installed, namespace } = state.package;
  const packaged = installed && (access.everything || access.packaged);
  const prefix = (def: { packaged: boolean }, name: string) => (def.packaged && namespace !== null ? `${namespace}__${name}` : name);

  function seenField(object: ObjectDef, def: FieldDef): SeenField[] {
    if (def.packaged && !packaged) return [];
    if ((def.multiCurrency && !state.multiCurrency) || (def.privacy && state.privacy === false)) return [];
    const security = access.everything ? undefined : state.fields[`${object.name}.${def.name}`];
    if (security === 'hidden') return [];
    const open = security !== 'read-only';
    return [{ name: prefix(def, def.name), def, create: def.create && open, update: def.update && open, relation: def.relation && prefix(def, def.relation) }];
  }

  const objects = DEFINITIONS.filter((def) => (!def.packaged || packaged) && (!def.privacy || state.privacy !== false)).map((def): SeenObject => {
    const fields = def.fields.flatMap((known) => seenField(def, known));
    const byName = new Map(fields.map((known) => [known.name.toLowerCase(), known]));
    const byRelation = new Map(fields.flatMap((known) => (known.relation === null ? [] : [[known.relation.toLowerCase(), known]])));
    const find = (map: Map<string, SeenField>, name: string) =>
      map.get(name.toLowerCase()) ?? (access.defaultNamespace === namespace ? map.get(`${namespace ?? ''}__${name}`.toLowerCase()) : undefined);
    const seen: SeenObject = {
      name: prefix(def, def.name),
      def,
      fields,
      field: (name) => find(byName, name),
      relation: (name) => find(byRelation, name),
      children: () => childrenOf(seen),
    };
    return seen;
  });
  const byName = new Map(objects.map((known) => [known.name.toLowerCase(), known]));
  const byOwnName = new Map(objects.map((known) => [known.def.name, known]));

  function childrenOf(parent: SeenObject): SeenChild[] {
    return objects.flatMap((object) =>
      object.fields.flatMap((known): SeenChild[] => {
        const { children, refs } = known.def;
        return children !== null && refs.includes(parent.def.name) ? [{ relation: prefix(known.def, children), object, field: known }] : [];
      }),
    );
  }

  return {
    objects,
    object: (name) => byName.get(name.toLowerCase()) ?? (access.defaultNamespace === namespace ? byName.get(`${namespace ?? ''}__${name}`.toLowerCase()) : undefined),
    own: (name) => byOwnName.get(name),
  };
}
