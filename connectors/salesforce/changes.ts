import * as z from 'zod';
import type { Json } from '#lib/json';
import type { Call } from '#ports/call';
import type { Changes } from '#ports/crm';
import type { Notice } from '#ports/inbound';
import { id18, isId } from './ids.ts';
import { RECONCILED } from './inbound.ts';
import { moment } from './moment.ts';
import { RefusedProblem } from './problem.ts';
import { datetime, query, quoted } from './soql.ts';

const MINUTE_MS = 60_000;
/** A record is seen when its transaction commits, which is later than the time that it bears. Most take seconds. */
const OVERLAP_MS = 2 * MINUTE_MS;
/** A transaction may take ten minutes, so now and then the window reaches further back. */
const LONG_OVERLAP_MS = 15 * MINUTE_MS;
const SWEEP_MS = 10 * MINUTE_MS;
const PAGE = 2_000;
const SECOND_MS = 1_000;

const pageSchema = z.object({ from: z.number(), at: z.number(), after: z.string(), started: z.number(), seen: z.number(), sweep: z.boolean() });
/**
 * `since` is up to where changes were seen, by Salesforce's own times, whatever our clock says; `swept` is when a window last reached far back;
 * `page` is where the next page of a round goes on: after the record `after` of the second `at`.
 */
const cursorSchema = z.object({ since: z.number(), swept: z.number(), page: pageSchema.nullable() });
type Cursor = z.infer<typeof cursorSchema>;
type Page = z.infer<typeof pageSchema>;

interface Row {
  Id: string;
  StageName: string | null;
  LastStageChangeDate: string | null;
  CreatedDate: string;
  SystemModstamp: string;
  IsDeleted: boolean;
  OpportunityHistories?: { records?: { StageName: string | null; CreatedDate: string }[] } | null;
}

/**
 * Opportunities changed since the cursor, 2,000 a page, deleted ones too, each with the stages that it passed through meanwhile: one call where little changed, since every
 * row of history comes with a change of its opportunity. Pages go on after the last record's time and id instead of at an offset, so that records which
 * change meanwhile shift nothing out of sight.
 */
export async function changes(call: Call, given: Json, now: number): Promise<Changes> {
  const cursor: Cursor = cursorSchema.safeParse(given).data ?? { since: now - LONG_OVERLAP_MS, swept: now, page: null };
  const page = cursor.page ?? begin(cursor, now);
  const rows = await read(call, page, cursor.page !== null);
  const notices = rows.flatMap((row) => noticesOf(call.install.account, row));
  const last = rows.at(-1);
  const seen = Math.max(page.seen, moment(last?.SystemModstamp) ?? 0);
  if (rows.length >= PAGE && last) return { notices, cursor: { ...cursor, page: { ...page, ...following(page, last), seen } }, more: true };
  return { notices, cursor: { since: reached(cursor, page, seen), swept: page.sweep ? page.started : cursor.swept, page: null }, more: false };
}

function begin({ since, swept }: Cursor, now: number): Page {
  const sweep = now - swept >= SWEEP_MS;
  const from = since - (sweep ? LONG_OVERLAP_MS : OVERLAP_MS);
  return { from, at: from, after: '', started: now, seen: since, sweep };
}

/** A page that ends where it began means that more than a page bears one time, beyond what is told of it: that second is left behind, so that a round always gets on. */
function following(page: Page, last: Row): { at: number; after: string } {
  const at = moment(last.SystemModstamp) ?? page.at;
  const stands = at < page.at || (at === page.at && last.Id === page.after);
  return stands ? { at: page.at + SECOND_MS, after: '' } : { at, after: last.Id };
}

/** Our clock moves the window only where nothing has happened for long, so that a large change of then is not read again for ever; a clock that is wrong by minutes loses nothing. */
const reached = (cursor: Cursor, page: Page, seen: number): number => Math.max(cursor.since, seen, page.started - LONG_OVERLAP_MS);

async function read(call: Call, page: Page, goesOn: boolean): Promise<Row[]> {
  const at = datetime(page.at);
  const where = goesOn && page.after !== '' ? `(SystemModstamp > ${at} OR (SystemModstamp = ${at} AND Id > ${quoted(page.after)}))` : `SystemModstamp >= ${at}`;
  const history = `, (SELECT StageName, CreatedDate FROM OpportunityHistories WHERE CreatedDate >= ${datetime(page.from)} ORDER BY CreatedDate)`;
  const ask = (more: string) =>
    query<Row>(
      call,
      `SELECT Id, StageName, LastStageChangeDate, CreatedDate, SystemModstamp, IsDeleted${more} FROM Opportunity WHERE ${where} ORDER BY SystemModstamp, Id LIMIT ${PAGE}`,
      true,
    );
  try {
    return await ask(history);
  } catch (thrown) {
    // Without the history, stages passed through between two polls go unseen, and the stage that a deal is in does not.
    if (!(thrown instanceof RefusedProblem) || !thrown.refusal.errors.some(({ message }) => message.includes('OpportunityHistories'))) throw thrown;
    return ask('');
  }
}

function noticesOf(account: string, row: Row): Notice[] {
  if (!isId(row.Id)) return [];
  const id = id18(row.Id);
  const modified = moment(row.SystemModstamp) ?? 0;
  if (row.IsDeleted) return [notice(account, `${id}|deleted|${modified}`, modified, { id, deleted: true })];
  // A deal that was made in its stage has entered it then.
  const entered = moment(row.LastStageChangeDate) ?? moment(row.CreatedDate) ?? modified;
  const passed = passedThrough(row).map(({ stage, at }) => entry(account, id, stage, at));
  return [...passed, entry(account, id, row.StageName ?? '', entered)];
}

/** One entry into a stage is one key, however often the deal changes afterwards. */
const entry = (account: string, id: string, stage: string, at: number): Notice => notice(account, `${id}|${stage}|${at}`, at, { id, stage, enteredAt: at });

const notice = (account: string, key: string, at: number, payload: Json): Notice => ({ account, key: `sf|${account}|${key}`, kind: RECONCILED, at, payload });

/**
 * A row of history stands for a change of stage, amount, date or probability alike, so that only those which begin another stage count.
 * The first of a window may not begin one; it then leads to a reading that finds nothing. The last one is where the deal is now.
 */
function passedThrough({ StageName, OpportunityHistories }: Row): { stage: string; at: number }[] {
  const rows = (OpportunityHistories?.records ?? []).map(({ StageName: stage, CreatedDate }) => ({ stage: stage ?? '', at: moment(CreatedDate) ?? 0 }));
  const entries = rows.filter(({ stage }, index) => stage !== rows[index - 1]?.stage);
  return entries.at(-1)?.stage === StageName ? entries.slice(0, -1) : entries;
}
