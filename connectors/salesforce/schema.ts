import type { CrmSchema, FieldInfo } from '#core/records';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import { createInstallCache } from '#shared/install-cache';
import { allRecords, bodyOf, composite, queryPart, type Answer, type Part } from './composite.ts';
import { describedFrom, optionsFrom, listOf, type Described, type OrgField } from './describe-fields.ts';
import { namespaceIn, OBJECTS, stored, type Kind } from './describe-objects.ts';
import { pipelinesOf, STAGE_QUERY, stagesFrom, type OrgStage } from './describe-stages.ts';
import { problemOfRefusal } from './problem.ts';
import { refusalOf } from './refusal.ts';
import { isObject } from '#lib/json';

/** What is known of an org, as the connected user may see it. */
export interface Org {
  /** Of our package; '' where its source was deployed without one. */
  namespace: string;
  /** By kind; a kind that the org lacks, or that the user may not see, is absent. */
  described: Partial<Record<Kind, Described>>;
  /** In use, in their order. */
  stages: OrgStage[];
  contactLabels: string[];
  readAt: number;
}

/**
 * Mappings may use any field of an org, fields that are hidden from the user refuse a whole query, and our own may have a namespace: so reading and writing
 * begin with a describe. One call an install and five minutes of work; an idle org costs none.
 */
const orgs = createInstallCache<Org>(5 * 60_000);
/** Known once, our objects are described in the same call as the others. */
const namespaces = createInstallCache<string>(24 * 60 * 60_000);

const STANDARD = ['deal', 'contact', 'company', 'line', 'lead'] as const;
const OWN = ['envelope', 'recipient'] as const;
/** The product's own name on a line, whose `Name` begins with the opportunity's. Read along with the line's id. */
export const PRODUCT_NAME: FieldInfo = { name: 'ProductName', label: 'Product name', type: 'text', writable: false };

/** The org as of at most five minutes ago. @throws Problem */
export const orgOf = (call: Call): Promise<Org> => orgs.get(call, () => load(call));
export const forgetOrg = (call: Call): void => orgs.forget(call);
/** The org as of now. What was known stays known where this look fails, so that a bad minute does not stop writes that need nothing new. @throws Problem */
export async function freshOrg(call: Call): Promise<Org> {
  const org = await load(call);
  orgs.forget(call);
  return orgs.get(call, () => Promise.resolve(org));
}

export const fieldsOf = (org: Org, kind: Kind): OrgField[] => org.described[kind]?.fields ?? [];
export const hasField = (org: Org, kind: Kind, name: string): boolean => fieldsOf(org, kind).some((field) => field.name === name);

/** The org's schema now: one call, and one for each record type of Opportunity. */
export async function describe(call: Call): Promise<CrmSchema> {
  const org = await freshOrg(call);
  const pipelines = await pipelinesOf(call, org.described.deal?.recordTypes ?? [], org.stages);
  const infos = (kind: Kind): FieldInfo[] => fieldsOf(org, kind).map(({ name, label, type, options, writable }) => ({ name, label, type, ...(options && { options }), writable }));
  const line = infos('line');
  const fields: CrmSchema['fields'] = { deal: infos('deal'), contact: infos('contact'), company: infos('company'), line: line.length > 0 ? [...line, PRODUCT_NAME] : [] };
  for (const kind of ['lead', ...OWN] as const) if (org.described[kind]) fields[kind] = infos(kind);
  return { fields, pipelines, stageField: 'StageName', contactLabels: org.contactLabels, readAt: org.readAt };
}

async function load(call: Call): Promise<Org> {
  const guess = await namespaces.get(call, () => Promise.resolve(namespaceAtInstall(call)));
  const kinds = [...STANDARD, ...OWN];
  const [roles, stages, ...answers] = await composite(call, [
    partOf('OpportunityContactRole'),
    queryPart(STAGE_QUERY),
    ...kinds.map((kind) => partOf(stored(guess, OBJECTS[kind]))),
  ]);
  const bodies = new Map(kinds.map((kind, index) => [kind, present(answers[index])] as const));
  const namespace = namespaceIn(namesIn(bodies.get('deal'))) ?? guess;
  if (namespace !== guess) {
    namespaces.forget(call);
    await namespaces.get(call, () => Promise.resolve(namespace));
    const again = await composite(
      call,
      OWN.map((kind) => partOf(stored(namespace, OBJECTS[kind]))),
    );
    OWN.forEach((kind, index) => bodies.set(kind, present(again[index])));
  }
  const described: Org['described'] = {};
  for (const kind of kinds) {
    const body = bodies.get(kind);
    if (body !== null) described[kind] = describedFrom(kind, namespace, body);
  }
  return {
    namespace,
    described,
    stages: stages ? stagesFrom(await allRecords(call, bodyOf(stages))) : [],
    contactLabels: labelsIn(present(roles)),
    readAt: Date.now(),
  };
}

/** The package may have come, or changed its kind, since the org was connected. */
const namespaceAtInstall = ({ install: { details } }: Call): string => (typeof details.namespace === 'string' ? details.namespace : '');

const partOf = (object: string): Part => ({ method: 'GET', path: `/sobjects/${object}/describe` });

/** Null where the org has no such object or hides it from the user. @throws Problem for what passes by itself, lest a bad minute be taken for a missing object */
function present(answer: Answer | undefined): unknown {
  if (!answer) throw new Problem('vendor.odd-answer');
  if (answer.status < 300) return answer.body;
  const problem = problemOfRefusal(refusalOf(answer.status, answer.body));
  if (problem.remedy !== 'reject') throw problem;
  return null;
}

const namesIn = (body: unknown): string[] => listOf(isObject(body) ? body.fields : null).flatMap(({ name }) => (typeof name === 'string' ? [name] : []));
const labelsIn = (body: unknown): string[] => optionsFrom(listOf(isObject(body) ? body.fields : null).find(({ name }) => name === 'Role')?.picklistValues);
