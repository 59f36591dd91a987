import { inspect } from 'node:util';
import { expect } from 'vitest';
import { marketingCloud } from '#connectors/marketing-cloud/index';
import { createMarketingCloudSandbox, type MarketingCloudHandles } from '#connectors/marketing-cloud/sandbox';
import { Problem } from '#core/problem';
import type { FieldValue } from '#core/records';
import type { Call } from '#ports/call';
import type { Sandbox } from '#ports/sandbox';
import { openPlace, type Opening, type Place } from '../../contract/place.ts';

export const COMPLETED = 'APIEvent-envelope-completed';
export const CONTACT = '003Hp00002AbCdEFGH';

export const handlesOf = (place: Place) => place.sandbox as Sandbox & MarketingCloudHandles;
export const openCloud = (more: Partial<Opening> = {}): Promise<Place> =>
  openPlace({
    connector: marketingCloud,
    create: createMarketingCloudSandbox,
    signsWith: 'app',
    consentForm: { action: '/v2/authorize', allow: { decision: 'allow' }, refuse: { decision: 'cancel' } },
    ...more,
  });

/** Fires the event of a completed envelope for one contact. */
export function fire(call: Call, more: { name?: string; contact?: string; data?: Record<string, FieldValue>; key?: string } = {}): Promise<{ id: string | null }> {
  const { name = COMPLETED, contact = CONTACT, data = {}, key = 'eff_1' } = more;
  const { emit } = marketingCloud.journey ?? {};
  if (!emit) throw new Error('The connector tells no events.');
  return emit(call, { name, member: { contact, email: null }, data: { EnvelopeId: 'env_1', ...data }, key });
}

export async function problemOf(work: Promise<unknown>): Promise<Problem> {
  const thrown: unknown = await work.then(
    () => new Error('It went well.'),
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(Problem);
  return thrown as Problem;
}
/** Everything that a person, a log or a report could see of it. */
export const shown = (problem: Problem): string => `${problem.message} ${JSON.stringify(problem.facts)} ${inspect(problem, { depth: 10 })}`;
