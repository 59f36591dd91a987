import type { Pipeline, Stage } from '#core/records';
import { isObject } from '#lib/json';
import type { Call } from '#ports/call';
import { listOf, type Described } from './describe-fields.ts';
import { isId, id18 } from './ids.ts';
import { RefusedProblem } from './problem.ts';
import { getJson } from './request.ts';
import { textFrom } from './values.ts';

/** Salesforce's id of "no record type" [mem]. */
export const MASTER = '012000000000000AAA';
/** More record types than any sales process has: each is a call. */
const MOST_RECORD_TYPES = 40;

export interface OrgStage {
  /** The API name, which stays when people rename the label. */
  id: string;
  label: string;
  closed: boolean;
}

export const STAGE_QUERY = 'SELECT ApiName, MasterLabel, IsClosed, SortOrder FROM OpportunityStage WHERE IsActive = true ORDER BY SortOrder, ApiName';

export function stagesFrom(rows: readonly Record<string, unknown>[]): OrgStage[] {
  return rows.flatMap((row) => {
    const id = textFrom(row.ApiName);
    return id === '' ? [] : [{ id, label: textFrom(row.MasterLabel) || id, closed: row.IsClosed === true }];
  });
}

/**
 * A pipeline for each active record type of Opportunity, with the stages of its sales process, and one for opportunities that have none. All active ones, whether
 * or not the connected user may choose them for a new record: it reads and writes what others made.
 */
export async function pipelinesOf(call: Call, recordTypes: Described['recordTypes'], stages: readonly OrgStage[]): Promise<Pipeline[]> {
  const own = recordTypes.filter(({ active, master, id }) => active && !master && isId(id)).slice(0, MOST_RECORD_TYPES);
  const master = recordTypes.find((type) => type.master)?.name || 'Master';
  const made = await Promise.all(own.map(async ({ id, name }) => ({ id: id18(id), label: name, stages: ordered(stages, await valuesFor(call, id)) })));
  return [...made, { id: MASTER, label: master, stages: ordered(stages, null) }];
}

/** The stages that a record type allows; null where Salesforce does not say, so that none seems to be missing. */
async function valuesFor(call: Call, recordType: string): Promise<Set<string> | null> {
  try {
    const answer = await getJson(call, `/ui-api/object-info/Opportunity/picklist-values/${recordType}/StageName`);
    const values = listOf(isObject(answer) ? answer.values : null).map(({ value }) => textFrom(value));
    return values.length > 0 ? new Set(values) : null;
  } catch (thrown) {
    if (thrown instanceof RefusedProblem && thrown.remedy === 'reject') return null;
    throw thrown;
  }
}

const ordered = (stages: readonly OrgStage[], allowed: ReadonlySet<string> | null): Stage[] =>
  stages.filter(({ id }) => allowed === null || allowed.has(id)).map(({ id, label, closed }, order) => ({ id, label, order, closed }));
