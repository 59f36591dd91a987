import { ApiFault, fault } from '../org/faults.ts';
import type { Value } from '../org/metadata.ts';
import type { Schema, SeenField, SeenObject } from '../org/schema.ts';
import type { Row } from '../org/state.ts';
import type { Store } from '../org/store.ts';
import type { Path } from './parse.ts';
import { pointed } from './tokens.ts';

/** A path that is known to lead somewhere. */
export interface Route {
  /** References to follow, then the field at the end. */
  hops: SeenField[];
  last: SeenField;
  /** As names of the schema, for the answer. */
  names: string[];
  read(row: Row): Value;
}

export interface Ground {
  store: Store;
  schema: Schema;
}

const invalidField = (text: string, at: number, say: string) => new ApiFault(400, fault('INVALID_FIELD', pointed(text, at, say)));

/** @throws ApiFault INVALID_FIELD where a name is unknown, or hidden from the caller: Salesforce tells no difference */
export function routeOf({ store, schema }: Ground, object: SeenObject, path: Path, text: string): Route {
  let here: SeenObject[] = [object];
  const hops: SeenField[] = [];
  const names = [...path.names];
  // A path may begin with the object's own name.
  if (names.length > 1 && names[0]?.toLowerCase() === object.name.toLowerCase()) names.shift();
  const lastName = names.pop() ?? '';
  for (const name of names) {
    const hop = here.flatMap((known) => known.relation(name) ?? [])[0];
    if (!hop)
      throw invalidField(
        text,
        path.at,
        `Didn't understand relationship '${name}' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name.`,
      );
    hops.push(hop);
    here = hop.def.refs.flatMap((type) => schema.own(type) ?? []);
  }
  // A polymorphic reference knows what all of its targets know, which here is what any of them does.
  const [last] = here.flatMap((known) => known.field(lastName) ?? []);
  if (!last) {
    const say = `No such column '${lastName}' on entity '${here[0]?.name ?? ''}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.`;
    throw invalidField(text, path.at, say);
  }
  return {
    hops,
    last,
    names: [...hops.map((hop) => hop.relation ?? hop.name), last.name],
    read(row) {
      let at: Row | undefined = row;
      for (const hop of hops) at = at && parentOf(store, at, hop);
      return at?.values[last.def.name] ?? null;
    },
  };
}

export function parentOf(store: Store, row: Row, hop: SeenField): Row | undefined {
  const id = row.values[hop.def.name];
  if (typeof id !== 'string') return undefined;
  const parent = store.find(store.typeOf(id) ?? '', id);
  return parent;
}

/** @throws ApiFault INVALID_FIELD where the field holds more text than may be searched */
export function filterable(route: Route, path: Path, text: string): Route {
  const { def, name } = route.last;
  if ((def.type === 'textarea' && def.length > 255) || def.type === 'base64') throw invalidField(text, path.at, `field '${name}' can not be filtered in a query call`);
  return route;
}
