import { ApiFault, fault } from '../org/faults.ts';
import { momentOf, stamp } from '../org/moments.ts';
import { runQuery } from '../soql/evaluate.ts';
import { objectOf, ok, type Answer, type Ask, type Caller, type Route } from './exchange.ts';

const PAGE = 2000;
const SMALLEST_PAGE = 200;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

export const queryRoutes: Route[] = [
  { method: 'GET', path: 'query', handler: (caller, ask) => query(caller, ask, false) },
  { method: 'GET', path: 'queryAll', handler: (caller, ask) => query(caller, ask, true) },
  { method: 'GET', path: 'query/:cursor', handler: more },
  { method: 'GET', path: 'sobjects/:object/updated', handler: updated },
  { method: 'GET', path: 'sobjects/:object/deleted', handler: deleted },
];

function query(caller: Caller, ask: Ask, all: boolean): Answer {
  const text = ask.query.get('q');
  if (text === null) throw new ApiFault(400, fault('MALFORMED_QUERY', "A query string has to be specified with the 'q' parameter"));
  const { org, actor } = caller;
  const { total, records } = runQuery({ store: org.store, schema: actor.schema, root: ask.root, now: org.clock.now(), all }, text);
  if (records === null) return ok({ totalSize: total, done: true, records: [] });
  const size = pageSize(ask);
  return page(ask, records, 0, size, records.length > size ? caller.cursors.keep(records) : '');
}

/** Salesforce takes from 200 to 2000; here smaller pages are allowed too, so that paging is seen with few records. */
function pageSize(ask: Ask): number {
  const asked = Number(/batchSize=(\d+)/.exec(ask.header('sforce-query-options') ?? '')?.[1] ?? PAGE);
  return Math.min(Math.max(asked, 1), Math.max(PAGE, SMALLEST_PAGE));
}

function page(ask: Ask, records: Record<string, unknown>[], start: number, size: number, cursor: string): Answer {
  const end = start + size;
  const done = end >= records.length;
  const next = done ? {} : { nextRecordsUrl: `${ask.root}/query/${cursor}-${end}` };
  return ok({ totalSize: records.length, done, ...next, records: records.slice(start, end) });
}

function more(caller: Caller, ask: Ask): Answer {
  const [, cursor = '', start] = /^(\w+)-(\d+)$/.exec(ask.params.cursor ?? '') ?? [];
  const records = caller.cursors.get(cursor);
  if (!records || start === undefined) throw new ApiFault(400, fault('INVALID_QUERY_LOCATOR', 'invalid query locator'));
  return page(ask, records, Number(start), pageSize(ask), cursor);
}

/** Seconds are ignored, and thirty days are the most. @throws ApiFault INVALID_REPLICATION_DATE */
function span(caller: Caller, ask: Ask): { start: string; end: string } {
  const at = (name: string): number => Math.floor(momentOf((ask.query.get(name) ?? '').replaceAll(' ', '+')) / MINUTE_MS) * MINUTE_MS;
  const [start, end] = [at('start'), at('end')];
  const refuse = (say: string) => new ApiFault(400, fault('INVALID_REPLICATION_DATE', say));
  if (Number.isNaN(start) || Number.isNaN(end)) throw new ApiFault(400, fault('INVALID_FIELD', 'start and end must be datetimes'));
  if (start >= end) throw refuse('startDate must be before endDate by more than one minute');
  if (start < caller.org.clock.now() - 30 * DAY_MS) throw refuse('startDate cannot be more than 30 days ago');
  return { start: stamp(start), end: stamp(end) };
}

function changed(caller: Caller, ask: Ask, gone: boolean) {
  const { start, end } = span(caller, ask);
  const rows = caller.org.store.all(objectOf(caller, ask).def.name);
  const found = rows.filter(({ deleted: isGone, values }) => isGone === gone && String(values.SystemModstamp) >= start && String(values.SystemModstamp) < end);
  const now = stamp(Math.floor(caller.org.clock.now() / MINUTE_MS) * MINUTE_MS);
  return { found, start, latestDateCovered: end < now ? end : now };
}

function updated(caller: Caller, ask: Ask): Answer {
  const { found, latestDateCovered } = changed(caller, ask, false);
  return ok({ ids: found.map(({ id }) => id), latestDateCovered });
}

function deleted(caller: Caller, ask: Ask): Answer {
  const { found, start, latestDateCovered } = changed(caller, ask, true);
  return ok({ deletedRecords: found.map(({ id, values }) => ({ id, deletedDate: values.SystemModstamp })), earliestDateAvailable: start, latestDateCovered });
}
