import { Problem } from '#core/problem';
import { isObject } from '#lib/json';
import type { Call } from '#ports/call';
import { createInstallCache } from '#shared/install-cache';
import { composite, type Answer, type Part } from './composite.ts';
import { listOf } from './describe-fields.ts';
import { stored } from './describe-objects.ts';
import { problemOfRefusal } from './problem.ts';
import { refusalOf } from './refusal.ts';
import { orgOf } from './schema.ts';
import { query } from './soql.ts';

/** Where an org keeps what people agreed to: each of its own objects that is enabled and that the connected user may write to, and our package's. */
export interface Places {
  individuals: boolean;
  points: boolean;
  subscriptions: boolean;
  forms: boolean;
  /** The package's own object and what its name and its fields' names begin with; null without the package. */
  record: { namespace: string } | null;
  /** Purposes of use by name. */
  purposes: { id: string; name: string }[];
}

const OBJECTS = ['Individual', 'ContactPointTypeConsent', 'CommSubscriptionConsent', 'AuthorizationFormConsent'] as const;
export const RECORD = 'Consent_Record__c';
/** Whoever has more purposes than these has none of them at hand. */
const MOST_PURPOSES = 200;
const places = createInstallCache<Places>(60 * 60_000);

/** What the org has, as of at most an hour ago: one call, and one for the purposes where there may be any. @throws Problem */
export const placesOf = (call: Call): Promise<Places> => places.get(call, () => load(call));
export const forgetPlaces = (call: Call): void => places.forget(call);

async function load(call: Call): Promise<Places> {
  const { namespace } = await orgOf(call);
  const names = [...OBJECTS, stored(namespace, RECORD)];
  const answers = await composite(
    call,
    names.map((name): Part => ({ method: 'GET', path: `/sobjects/${name}/describe` })),
  );
  const [individuals = false, points = false, subscriptions = false, forms = false, record = false] = answers.map(isWritable);
  const purposes = points ? await query<Record<string, unknown>>(call, `SELECT Id, Name FROM DataUsePurpose ORDER BY Name LIMIT ${MOST_PURPOSES}`) : [];
  return {
    individuals,
    points: individuals && points,
    subscriptions: individuals && subscriptions,
    forms: individuals && forms,
    record: record ? { namespace } : null,
    purposes: listOf(purposes).map(({ Id, Name }) => ({ id: String(Id), name: String(Name) })),
  };
}

/** @throws Problem for what passes by itself, lest a bad minute be taken for an object that is not enabled */
function isWritable({ status, body }: Answer): boolean {
  if (status < 300) return isObject(body) && body.createable === true && body.updateable === true;
  const problem = problemOfRefusal(refusalOf(status, body));
  if (problem.remedy !== 'reject') throw problem;
  return false;
}

/** By name, whatever its case and spaces: `product-news` is "Product news". */
const named = ({ purposes }: Places, purpose: string): string | undefined => purposes.find(({ name }) => slug(name) === slug(purpose))?.id;

/** One that is not there may have been made since we looked. */
export async function purposeNamed(call: Call, purpose: string): Promise<string | undefined> {
  const known = named(await placesOf(call), purpose);
  if (known !== undefined) return known;
  forgetPlaces(call);
  return named(await placesOf(call), purpose);
}

/** A purpose as consent texts write it. */
export const slug = (text: string): string =>
  text
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '');

/** Parts that stand or fall together. @throws Problem of the part that failed */
export async function together(call: Call, parts: readonly Part[]): Promise<unknown[]> {
  const answers = await composite(call, parts, true);
  const refusals = answers.filter(({ status }) => status >= 300).map(({ status, body }) => refusalOf(status, body));
  const own = refusals.find(({ errors }) => errors[0]?.code !== 'PROCESSING_HALTED') ?? refusals[0];
  if (own) throw problemOfRefusal(own);
  return answers.map(({ body }) => body);
}

/** The id of what a part made. @throws Problem `vendor.odd-answer` */
export function madeId(body: unknown): string {
  if (isObject(body) && typeof body.id === 'string') return body.id;
  throw new Problem('vendor.odd-answer');
}
