import type { ChangeEventLog } from './change-events.ts';
import type { Desk } from './desk.ts';
import type { ConsentMoods } from './oauth/consent-routes.tsx';
import { expireSessions, revokeAll, sessionOf } from './oauth/grants.ts';
import type { TokenMoods } from './oauth/tokens.ts';
import { fieldOf } from './org/definitions.ts';
import { id18Of, idOf } from './org/ids.ts';
import type { Value, Values } from './org/metadata.ts';
import { INTEGRATION_SET } from './org/org.ts';
import type { Row, ValidationRule, Visibility } from './org/state.ts';
import { setUsed, usedOf } from './rest/limits.ts';
import type { Moods } from './rest/serve.ts';

/** What tests and tours do as the people and the admin of the org would. Names of objects and fields are without namespace, ids of 15 or 18 characters. */
export type SalesforceHandles = RecordHandles & EventHandles & AccessHandles & SetupHandles;

/** What people do with records. */
interface RecordHandles {
  /** Live: all rows of a type that are not deleted. */
  records(type: string): Row[];
  /** @throws Error where there is none */
  record(type: string, id: string): Row;
  /** The first live opportunity whose name holds the text. @throws Error where there is none */
  opportunityNamed(text: string): Row;
  field(type: string, id: string, name: string): Value;
  contactsOf(opportunity: string): Row[];
  /** Moves an opportunity as a person does on its path. */
  move(opportunity: string, stage: string): void;
  /** As a person, with every check of the org. @throws Error with the org's words */
  set(type: string, id: string, fields: Values): void;
  add(type: string, fields: Values): string;
  remove(id: string): void;
  restore(id: string): void;
  /** Keeps `master`; what led to `other` leads to it from then on. Accounts, contacts and leads only. */
  merge(master: string, other: string): void;
}

/** What the org tells of its changes. */
interface EventHandles {
  /** All that is retained, and new ones as they come. */
  events: ChangeEventLog;
  /** A gap event instead of a change, as Salesforce sends where it could not tell what changed; without ids, an overflow. */
  gap(ids: string[]): void;
}

/** What programs meet: limits, locks and the end of their access. */
interface AccessHandles {
  requestLimitExceeded(on: boolean): void;
  setUsage(used: number, limit: number): void;
  usage(): { used: number; limit: number };
  /** Holds one record, or any at this rate (0 to 1); null lets all go. */
  lockRow(what: string | number | null): void;
  always401(on: boolean): void;
  always403(on: boolean): void;
  /** The next answers to token requests never arrive, though the token was rotated. */
  loseTokenReplies(count: number): void;
  /** Ends every session, though not the grants. */
  expireSessions(): void;
  /** The org's admin revokes the app's access without telling it. */
  revokeGrants(): void;
  grants(): number;
  /** The org's admin bars the app: Allow leads back with OAUTH_APP_BLOCKED. */
  blockApp(on: boolean): void;
  /** Whether an access token is live. */
  knows(accessToken: string): boolean;
}

/** What the org's admin sets up. */
interface SetupHandles {
  orgId(): string;
  /** `true` is a rule of the sandbox's own: nobody sets the e-sign status of an opportunity. */
  validationRule(rule: ValidationRule | boolean): void;
  /** Field-level security for programs. */
  hideField(type: string, name: string, how: Visibility | 'visible'): void;
  /** Renames label and API name, on the records too, as an admin who replaces a value does. */
  renameStage(from: string, to: string): void;
  deactivateStage(name: string): void;
  /** How long a transaction takes from its stamp to the moment at which others see it, milliseconds. */
  commitLag(ms: number): void;
  /** From now on this is a full copy of the org in a sandbox: another id, everything else the same, tokens and endpoints too. */
  becomeClone(): string;
  /** Moves the org to another instance: the old address knows no session, the next refresh tells the new one. */
  orgMove(): string;
  setOutbound(url: string | null): void;
  outbound(): string | null;
  setCardKey(key: string | null): void;
  installPackage(installed: boolean, namespace?: string | null): void;
  /** Setup, Data Protection and Privacy. */
  enablePrivacy(on: boolean): void;
  assignPermissionSet(assigned: boolean): void;
  /** Answers to outbound messages so far, by status (0: none). */
  outboundAnswers(): Record<number, number>;
}

interface Parts {
  events: ChangeEventLog;
  moods: Moods & TokenMoods & ConsentMoods;
  outboundAnswers: () => Record<number, number>;
}
const OWN_RULE: ValidationRule = { object: 'Opportunity', field: 'Esign_Status__c', value: null, message: 'Only the legal team sets the e-sign status.' };

export function createHandles(desk: Desk, parts: Parts): SalesforceHandles {
  return { ...recordHandles(desk.org), ...eventHandles(desk.org, parts.events), ...accessHandles(desk.org, parts.moods), ...setupHandles(desk, parts) };
}

const id18 = (id: string): string => id18Of(id) ?? id;

function recordHandles(org: Desk['org']): RecordHandles {
  const { store } = org;
  const get = (type: string, id: string): Row => {
    const row = store.find(type, id18(id));
    if (!row) throw new Error(`There is no ${type} ${id}.`);
    return row;
  };
  const typeOf = (id: string): string => store.typeOf(id18(id)) ?? '';
  const handles: RecordHandles = {
    records: (type) => store.all(type).filter((row) => !row.deleted),
    record: get,
    opportunityNamed(text) {
      const found = handles.records('Opportunity').find((row) => String(row.values.Name).includes(text));
      if (!found) throw new Error(`There is no opportunity named ${text}.`);
      return found;
    },
    field: (type, id, name) => get(type, id).values[name] ?? null,
    contactsOf: (opportunity) =>
      (store.by('OpportunityContactRole', 'OpportunityId', id18(opportunity)) ?? []).filter((row) => !row.deleted).map((role) => get('Contact', String(role.values.ContactId))),
    move: (opportunity, stage) => handles.set('Opportunity', opportunity, { StageName: stage }),
    set: (type, id, fields) => void asPerson(type, (tx, object, named) => tx.update(object, id18(id), named(fields))),
    add: (type, fields) => asPerson(type, (tx, object, named) => tx.insert(object, named(fields))),
    remove: (id) => void asPerson(typeOf(id), (tx, object) => tx.remove(object, id18(id))),
    restore(id) {
      const row = get(typeOf(id), id);
      org.write(org.person(), (tx) => tx.setDeleted(row, false));
    },
    merge: (master, other) => merge(get(typeOf(master), master), get(typeOf(other), other)),
  };
  return handles;

  function asPerson(type: string, work: (...given: Work) => ReturnType<Work[0]['insert']>): string {
    const actor = org.person();
    const object = actor.schema.own(type);
    if (!object) throw new Error(`There is no object ${type}.`);
    const named = (fields: Values) => Object.fromEntries(Object.entries(fields).map(([own, value]) => [object.fields.find((known) => known.def.name === own)?.name ?? own, value]));
    const outcome = org.write(actor, (tx) => work(tx, object, named));
    if (!outcome.ok) throw new Error(outcome.faults.map(({ code, message }) => `${code}: ${message}`).join('; '));
    return outcome.id;
  }

  function merge(master: Row, other: Row): void {
    if (master.type !== other.type || !['Account', 'Contact', 'Lead'].includes(master.type)) throw new Error(`${other.type} does not merge into ${master.type}.`);
    const actor = org.person();
    org.write(actor, (tx) => {
      for (const { object, field } of actor.schema.own(master.type)?.children() ?? [])
        for (const child of store.by(object.def.name, field.def.name, other.id) ?? []) tx.change(child, { [field.def.name]: master.id });
      tx.change(other, { MasterRecordId: master.id });
      tx.setDeleted(other, true);
      tx.change(master, {});
    });
  }
}

function eventHandles(org: Desk['org'], events: ChangeEventLog): EventHandles {
  return {
    events,
    gap(ids) {
      const commit = ++org.state.commits;
      events.append({
        entity: 'Opportunity',
        recordIds: ids.map(id18),
        changeType: ids.length === 0 ? 'GAP_OVERFLOW' : 'GAP_UPDATE',
        changeOrigin: '',
        transactionKey: `gap-${commit}`,
        sequenceNumber: 1,
        commitTimestamp: org.clock.now(),
        commitNumber: 10_585_193_000_000 + commit,
        commitUser: org.person().userId,
        changed: {},
      });
    },
  };
}

function accessHandles(org: Desk['org'], moods: Parts['moods']): AccessHandles {
  const { state } = org;
  return {
    requestLimitExceeded: (on) => void (moods.requestLimitExceeded = on),
    setUsage: (used, limit) => setUsed(state, org.clock, used, limit),
    usage: () => ({ used: usedOf(state, org.clock), limit: state.usage.limit }),
    lockRow(what) {
      if (what === null) org.troubles.locks.clear();
      if (typeof what === 'string') org.troubles.locks.add(id18(what));
      else org.troubles.lockRate = what ?? 0;
    },
    always401: (on) => void (moods.always401 = on),
    always403: (on) => void (moods.always403 = on),
    loseTokenReplies: (count) => void (moods.lostTokenReplies = count),
    expireSessions: () => expireSessions(state),
    revokeGrants: () => revokeAll(state),
    grants: () => Object.keys(state.grants).length,
    blockApp: (on) => void (moods.blocked = on),
    knows: (accessToken) => sessionOf(state, org.clock, accessToken) !== undefined,
  };
}

function setupHandles({ org, options }: Desk, { outboundAnswers }: Parts): SetupHandles {
  const { state, store } = org;
  return {
    orgId: () => state.orgId,
    validationRule: (rule) => void (state.rule = rule === true ? OWN_RULE : rule === false ? null : rule),
    hideField(type, name, how) {
      if (!fieldOf(type, name)) throw new Error(`${type} has no field ${name}.`);
      if (how === 'visible') delete state.fields[`${type}.${name}`];
      else state.fields[`${type}.${name}`] = how;
    },
    renameStage,
    deactivateStage: (name) => org.write(org.person(), (tx) => tx.change(stageOf(name), { IsActive: false })),
    commitLag: (ms) => void (org.troubles.commitLagMs = ms),
    becomeClone() {
      const [row] = store.all('Organization');
      const clone = idOf('00D', 8_000_000 + state.nextId++);
      if (row) state.rows.Organization = { [clone]: { ...row, id: clone, values: { ...row.values, Id: clone, IsSandbox: true, InstanceName: 'DEU1S' } } };
      state.orgId = clone;
      state.isSandbox = true;
      return clone;
    },
    orgMove() {
      state.instance = state.instance === '' ? '/moved' : '';
      return options.baseUrl() + state.instance;
    },
    setOutbound: (url) => void (state.outbound = url),
    outbound: () => state.outbound,
    setCardKey: (key) => void (state.cardKey = key),
    installPackage: (installed, namespace = null) => void (state.package = { installed, namespace }),
    enablePrivacy: (on) => void (state.privacy = on),
    assignPermissionSet,
    outboundAnswers,
  };

  function stageOf(name: string): Row {
    const row = store.all('OpportunityStage').find(({ values }) => values.ApiName === name);
    if (!row) throw new Error(`There is no stage ${name}.`);
    return row;
  }

  function renameStage(from: string, to: string): void {
    org.write(org.person(), (tx) => tx.change(stageOf(from), { ApiName: to, MasterLabel: to }));
    for (const stages of Object.values(state.stagesOf)) stages.splice(0, stages.length, ...stages.map((name) => (name === from ? to : name)));
    // Replaced values are no edits of the records: no stamp moves, nobody is told.
    for (const row of [...store.all('Opportunity'), ...store.all('OpportunityHistory')]) if (row.values.StageName === from) store.patch(row, { StageName: to });
  }

  function assignPermissionSet(assigned: boolean): void {
    const user = store.all('User').at(-1)?.id ?? '';
    const set = store.all('PermissionSet').find(({ values }) => values.Name === INTEGRATION_SET)?.id ?? '';
    const held = (store.by('PermissionSetAssignment', 'AssigneeId', user) ?? []).filter((row) => !row.deleted && row.values.PermissionSetId === set);
    org.write(org.person(), (tx) => {
      if (assigned && held.length === 0) tx.create('PermissionSetAssignment', { PermissionSetId: set, AssigneeId: user, IsActive: true });
      if (!assigned) for (const row of held) tx.setDeleted(row, true);
    });
  }
}

type Transaction = Parameters<Parameters<Desk['org']['write']>[1]>[0];
type Work = [tx: Transaction, object: NonNullable<ReturnType<ReturnType<Desk['org']['schema']>['own']>>, named: (fields: Values) => Values];
