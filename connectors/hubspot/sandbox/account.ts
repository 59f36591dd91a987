import type { Clock } from '#lib/clock';
import { plainLink } from './seed.ts';
import type { Actor, Item, Kind, PropertyDefinition, World } from './world.ts';

/** A property that is not taken, in HubSpot's words. */
export interface Invalid {
  name: string;
  error: string;
  message: string;
}
/** What webhooks tell about. */
export interface Happening {
  type: 'deal.propertyChange' | 'deal.deletion' | 'contact.propertyChange' | 'contact.privacyDeletion';
  objectId: string;
  at: number;
  actor: Actor;
  property?: { name: string; value: string };
}

export const person = (owner: { userId: number; firstName: string; lastName: string }): Actor => ({
  source: 'CRM_UI',
  sourceId: `userId:${owner.userId}`,
  label: `${owner.firstName} ${owner.lastName}`,
});
export const app = (appId: string): Actor => ({ source: 'INTEGRATION', sourceId: appId, label: 'Countersign (app)' });

/** Properties whose changes the app has subscribed to. */
const HEARD: Record<string, Happening['type']> = { 'deals dealstage': 'deal.propertyChange', 'contacts hs_email_optout': 'contact.propertyChange' };

/** The account's records and what may be done with them. */
export interface CrmAccount {
  find(kind: Kind, id: string): Item | undefined;
  all(kind: Kind): Item[];
  create(kind: Kind, properties: Record<string, string>, actor: Actor): Item;
  /** Checks all, then sets all. Values that stay the same are no change. */
  invalid(kind: Kind, properties: Record<string, unknown>): Invalid[];
  update(item: Item, kind: Kind, properties: Record<string, string>, actor: Actor): void;
  associate(deal: string, kind: Exclude<Kind, 'deals'>, id: string): void;
  linked(deal: string, kind: Kind): Item[];
  dealsOf(kind: Kind, id: string): Item[];
  /** Deletes a deal. */
  remove(deal: string, actor: Actor): void;
  /** Erases a person for good. */
  erase(contact: string, actor: Actor): void;
  /** The record as search shows it: what changed within the lag is not there yet. */
  indexed(item: Item): { updatedAt: number; properties: Item['properties'] } | null;
}

export function createAccount(world: World, clock: Clock, options: { searchLagMs: () => number; happened: (event: Happening) => void }): CrmAccount {
  const definition = (kind: Kind, name: string): PropertyDefinition | undefined => world.properties[kind][name];

  function set(item: Item, kind: Kind, changes: [string, string][], actor: Actor, at: number): void {
    item.indexed = account.indexed(item);
    for (const [property, to] of changes) {
      item.history.push({ at, property, from: item.properties[property] ?? null, to: to || null, source: actor.source, sourceId: actor.sourceId, by: actor.label });
      item.properties[property] = to === '' ? null : to;
    }
    const stage = kind === 'deals' && changes.find(([property]) => property === 'dealstage')?.[1];
    if (stage) item.properties[`hs_v2_date_entered_${stage}`] = new Date(at).toISOString();
    item.updatedAt = at;
  }

  const account: CrmAccount = {
    find: (kind, id) => world.objects[kind][id],
    all: (kind) => Object.values(world.objects[kind]),
    create(kind, properties, actor) {
      const now = clock.now();
      const item: Item = { id: String(world.nextId++), createdAt: now, updatedAt: now, properties: {}, history: [], indexed: null };
      world.objects[kind][item.id] = item;
      set(item, kind, Object.entries(properties), actor, now);
      item.indexed = null;
      return item;
    },
    invalid: (kind, properties) => Object.entries(properties).flatMap(([name, value]) => fault(world, definition(kind, name), name, value)),
    update(item, kind, properties, actor) {
      // Two changes within a millisecond must not share a time: HubSpot's histories do not either.
      const now = Math.max(clock.now(), item.updatedAt + 1);
      const changes = Object.entries(properties).filter(([name, value]) => (item.properties[name] ?? '') !== value);
      if (changes.length === 0) return;
      set(item, kind, changes, actor, now);
      for (const [name, value] of changes) {
        const type = HEARD[`${kind} ${name}`];
        if (type) options.happened({ type, objectId: item.id, at: now, actor, property: { name, value } });
      }
    },
    associate(deal, kind, id) {
      if (!world.links.some((link) => link.deal === deal && link.kind === kind && link.id === id)) world.links.push({ deal, kind, id, types: [plainLink(kind)] });
    },
    linked: (deal, kind) => world.links.flatMap((link) => (link.deal === deal && link.kind === kind ? (world.objects[kind][link.id] ?? []) : [])),
    dealsOf: (kind, id) => world.links.flatMap((link) => (link.kind === kind && link.id === id ? (world.objects.deals[link.deal] ?? []) : [])),
    remove(deal, actor) {
      if (!world.objects.deals[deal]) return;
      delete world.objects.deals[deal];
      world.links = world.links.filter((link) => link.deal !== deal);
      options.happened({ type: 'deal.deletion', objectId: deal, at: clock.now(), actor });
    },
    erase(contact, actor) {
      if (!world.objects.contacts[contact]) return;
      delete world.objects.contacts[contact];
      world.links = world.links.filter((link) => link.kind !== 'contacts' || link.id !== contact);
      for (const list of Object.values(world.lists)) delete list.members[contact];
      options.happened({ type: 'contact.privacyDeletion', objectId: contact, at: clock.now(), actor });
    },
    indexed: (item) => (item.updatedAt <= clock.now() - options.searchLagMs() ? { updatedAt: item.updatedAt, properties: { ...item.properties } } : item.indexed),
  };
  return account;
}

function fault(world: World, property: PropertyDefinition | undefined, name: string, value: unknown): Invalid[] {
  const bad = (error: string, message: string): Invalid[] => [{ name, error, message }];
  if (!property) return bad('PROPERTY_DOESNT_EXIST', `Property "${name}" does not exist`);
  if (property.readOnly) return bad('READ_ONLY_VALUE', `"${name}" is a read only property; its value cannot be set.`);
  if (value === null || value === '') return [];
  if (typeof value !== 'string') return bad('INVALID_STRING', `${name} must be a string`);
  if (property.type === 'enumeration') {
    const allowed = optionsOf(world, property);
    return allowed.includes(value) ? [] : bad('INVALID_OPTION', `${value} was not one of the allowed options: [${allowed.join(', ')}]`);
  }
  const check = CHECKS[property.type];
  return !check || check.holds(value) ? [] : bad(check.error, `${value} was not a valid ${check.word}.`);
}

const isTime = (value: string): boolean => !Number.isNaN(/^\d+$/.test(value) ? Number(value) : Date.parse(value));
const CHECKS: Record<string, { error: string; word: string; holds(value: string): boolean }> = {
  number: { error: 'INVALID_DOUBLE', word: 'number', holds: (value) => Number.isFinite(Number(value)) },
  datetime: { error: 'INVALID_LONG', word: 'long', holds: isTime },
  date: { error: 'INVALID_LONG', word: 'long', holds: isTime },
  bool: { error: 'INVALID_BOOLEAN', word: 'boolean', holds: (value) => value === 'true' || value === 'false' },
};

function optionsOf(world: World, property: PropertyDefinition): string[] {
  if (property.name === 'dealstage') return world.pipeline.stages.map((stage) => stage.id);
  if (property.name === 'pipeline') return [world.pipeline.id];
  if (property.name === 'hubspot_owner_id') return world.owners.map((owner) => owner.id);
  return property.options.map((option) => option.value);
}
