import { inspect } from 'node:util';
import { expect } from 'vitest';
import { accountEngagement } from '#connectors/account-engagement/index';
import { createAccountEngagementSandbox, type AccountEngagementHandles } from '#connectors/account-engagement/sandbox';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { Member } from '#ports/crm';
import type { Sandbox } from '#ports/sandbox';
import { openPlace, type Opening, type Place } from '../../contract/place.ts';

export const INES: Member = { contact: '003A', email: 'ines.duarte@example.com' };
export const TOMAS: Member = { contact: '003B', email: 'tomas.lind@example.com' };
export const NOBODY: Member = { contact: '003C', email: null };

export const handlesOf = (place: Place) => place.sandbox as Sandbox & AccountEngagementHandles;
export const openEngagement = (more: Partial<Opening> = {}): Promise<Place> =>
  openPlace({
    connector: accountEngagement,
    create: createAccountEngagementSandbox,
    signsWith: 'app',
    consentForm: { action: '/services/oauth2/authorize', allow: { decision: 'allow' }, refuse: { decision: 'deny' } },
    ...more,
  });

export function join(call: Call, list: string, members: readonly Member[]): Promise<{ absent: string[] }> {
  const { journey } = accountEngagement;
  if (!journey?.join) throw new Error('The connector has no lists.');
  return journey.join(call, list, members, null);
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
