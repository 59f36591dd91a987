import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RecordWrite } from '#ports/crm';
import { bulkWrite } from '#connectors/salesforce/bulk';
import { csvOf, rowsOf } from '#connectors/salesforce/bulk-csv';
import { id, landed, problemOf, refusal, sandboxOrg, scriptedOrg, type Asked, type Reply, type ScriptedOrg } from './org.ts';

// Jobs are asked after with pauses of seconds; here each is a moment.
vi.mock('node:timers/promises', async (original) => ({ ...(await original<object>()), setTimeout: () => Promise.resolve() }));

const envelopes = (count: number, set: (index: number) => RecordWrite['set'] = () => ({ Status__c: 'completed' })): RecordWrite[] =>
  Array.from({ length: count }, (_, index) => ({ record: { type: 'envelope', id: `env_${index}` }, set: set(index), once: [] }));

interface JobSeen {
  asked: Record<string, unknown>;
  rows: Record<string, string>[];
  csv: string;
  state: string;
  polls: number;
}
/** Runs jobs as Salesforce does; `fail` says what is wrong with a row, if anything. */
function factory(fail: (row: Record<string, string>) => string | null = () => null, endsAs: { state: string; errorMessage?: string } = { state: 'JobComplete' }) {
  const jobs: JobSeen[] = [];
  const answer = ({ method, path, body }: Asked): Reply | undefined => {
    if (method === 'POST' && path === '/jobs/ingest') {
      jobs.push({ asked: body as Record<string, unknown>, rows: [], csv: '', state: 'Open', polls: 0 });
      return { body: { id: id('750', jobs.length), state: 'Open' } };
    }
    const [, jobId, rest] = /^\/jobs\/ingest\/(\w+)(\/\w+)?\/?$/.exec(path) ?? [];
    const job = jobs.find((_job, index) => id('750', index + 1) === jobId);
    if (method === 'PATCH' && path.startsWith('/composite')) return { body: (body as { records: unknown[] }).records.map(() => landed()) };
    if (!job) return undefined;
    if (method === 'PUT') {
      job.csv = (body as Buffer).toString('utf8');
      job.rows = rowsOf(job.csv);
      return { status: 201 };
    }
    if (method === 'PATCH') {
      job.state = (body as { state: string }).state;
      return { body: { state: job.state } };
    }
    const failures = job.rows.flatMap((row) => (fail(row) === null ? [] : [{ sf__Id: '', sf__Error: fail(row) ?? '', ...row }]));
    const successes = job.rows.flatMap((row, index) => (fail(row) === null ? [{ sf__Id: id('a00', index), sf__Created: 'true', ...row }] : []));
    if (rest === '/successfulResults') return table(successes);
    if (rest === '/failedResults') return table(failures);
    const over = ++job.polls > 2;
    return {
      body: { id: jobId, ...(over ? endsAs : { state: 'InProgress' }), numberRecordsProcessed: over ? job.rows.length : 5, numberRecordsFailed: over ? failures.length : 1 },
    };
  };
  return { jobs, answer };
}
const table = (rows: Record<string, string>[]): Reply => ({
  type: 'text/csv',
  body: csvOf(
    Object.keys(rows[0] ?? { sf__Id: '' }),
    rows.map((row) => new Map(Object.entries(row))),
  ),
});

let org: ScriptedOrg;
beforeEach(async () => void (org = await scriptedOrg()));
afterEach(() => org.stop());

describe('a history', () => {
  test('is one job of upserts by our id, told as it goes', async () => {
    const { jobs, answer } = factory();
    org.answers(answer);
    const told: object[] = [];
    const outcomes = await bulkWrite(org.call, envelopes(1500), (progress) => void told.push({ ...progress }));
    expect(jobs.map(({ asked }) => asked)).toEqual([
      { object: 'Envelope__c', operation: 'upsert', externalIdFieldName: 'Envelope_Id__c', contentType: 'CSV', lineEnding: 'LF', columnDelimiter: 'COMMA' },
    ]);
    expect(jobs[0]?.state).toBe('UploadComplete');
    expect(outcomes).toHaveLength(1500);
    expect(outcomes.every((outcome) => outcome.ok && outcome.written.join() === 'Status__c')).toBe(true);
    expect(told.at(0)).toEqual({ done: 4, failed: 1, total: 1500 });
    expect(told.at(-1)).toEqual({ done: 1500, failed: 0, total: 1500 });
  });

  test('costs some ten calls, where collections would cost a hundred and more', async () => {
    org.answers(factory().answer);
    expect(await org.callsOf(() => bulkWrite(org.call, envelopes(9000), () => undefined))).toBeLessThanOrEqual(10);
  });

  test('that is short goes by collections, without a job', async () => {
    const { jobs, answer } = factory();
    org.answers(answer);
    const told: object[] = [];
    expect(await bulkWrite(org.call, envelopes(450), (progress) => void told.push({ ...progress }))).toHaveLength(450);
    expect(jobs).toEqual([]);
    expect(org.asked.filter(({ method }) => method === 'PATCH')).toHaveLength(3);
    expect(told[0]).toEqual({ done: 200, failed: 0, total: 450 });
    expect(await bulkWrite(org.call, [], () => undefined)).toEqual([]);
  });

  test('of more than a job takes is several, one after another', async () => {
    const { jobs, answer } = factory();
    org.answers(answer);
    const outcomes = await bulkWrite(org.call, envelopes(10_500), () => undefined);
    expect(jobs.map(({ rows }) => rows.length)).toEqual([10_000, 500]);
    expect(outcomes.every(({ ok }) => ok)).toBe(true);
  });

  test('of recipients names envelope and role; null empties and an absent value leaves alone', async () => {
    const { jobs, answer } = factory();
    org.answers(answer);
    const writes = Array.from({ length: 1001 }, (_, index): RecordWrite => ({
      record: { type: 'recipient', id: `env_${index}|Customer; "EU", North` },
      set: index === 0 ? { Signed_At__c: null } : { Status__c: 'signed' },
      once: [],
    }));
    const outcomes = await bulkWrite(org.call, writes, () => undefined);
    expect(outcomes.every(({ ok }) => ok)).toBe(true);
    expect(jobs[0]?.rows[0]).toEqual({
      Recipient_Id__c: 'env_0|Customer; "EU", North',
      'Envelope__r.Envelope_Id__c': 'env_0',
      Signed_At__c: '#N/A',
      Role__c: 'Customer; "EU", North',
      Status__c: '',
    });
  });

  test("of the account's records is updates by id", async () => {
    const { jobs, answer } = factory();
    org.answers(answer);
    const writes = Array.from({ length: 1001 }, (_, index): RecordWrite => ({ record: { type: 'deal', id: id('006', index) }, set: { Esign_Status__c: 'completed' }, once: [] }));
    expect(
      (await bulkWrite(org.call, [...writes, { record: { type: 'deal', id: 'none' }, set: { Esign_Status__c: 'x' }, once: [] }], () => undefined)).map(({ ok }) => ok),
    ).toEqual([...writes.map(() => true), false]);
    expect(jobs[0]?.asked).toMatchObject({ object: 'Opportunity', operation: 'update' });
    expect(jobs[0]?.rows[7]).toEqual({ Id: id('006', 7), Esign_Status__c: 'completed' });
  });
});

describe('what goes wrong', () => {
  test('a refused row is tried once more field by field', async () => {
    const { answer } = factory((row) =>
      row.Envelope_Id__c === 'env_3' ? 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST:bad value for restricted picklist field: x:Status__c --' : null,
    );
    org.answers((asked) => {
      if (asked.method === 'PATCH' && asked.path.startsWith('/composite')) {
        const records = (asked.body as { records: Record<string, unknown>[] }).records;
        return {
          body: records.map((record) =>
            'Status__c' in record ? { success: false, errors: [{ statusCode: 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', message: 'bad value', fields: ['Status__c'] }] } : landed(),
          ),
        };
      }
      return answer(asked);
    });
    const outcomes = await bulkWrite(
      org.call,
      envelopes(1200, () => ({ Status__c: 'x', Template__c: 'NDA' })),
      () => undefined,
    );
    expect(outcomes[3]).toMatchObject({ ok: true, written: ['Template__c'], left: [{ field: 'Status__c' }] });
    expect(outcomes[4]).toMatchObject({ ok: true, written: ['Status__c', 'Template__c'], left: [] });
  });

  test('of many refused rows each has its own reason, and not all are tried again', async () => {
    const { answer } = factory(() => 'UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record:--');
    org.answers(answer);
    const outcomes = await bulkWrite(org.call, envelopes(3000), () => undefined);
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(2000);
    expect(outcomes[2999]).toMatchObject({ ok: false, problem: { code: 'vendor.locked', remedy: 'retry' } });
  });

  test('a job that fails is thrown with its reason', async () => {
    org.answers(factory(undefined, { state: 'Failed', errorMessage: 'InvalidBatch : Field name not found : Nope__c' }).answer);
    const problem = await problemOf(bulkWrite(org.call, envelopes(1001), () => undefined));
    expect([problem.code, problem.message]).toEqual(['vendor.rejected', expect.stringContaining('Field name not found')]);
    org.answers(factory(undefined, { state: 'Aborted' }).answer);
    expect((await problemOf(bulkWrite(org.call, envelopes(1001), () => undefined))).message).toContain('Bulk Data Load Jobs');
  });

  test('a job whose data cannot be sent is not left open', async () => {
    const { jobs, answer } = factory();
    org.answers((asked) => (asked.method === 'PUT' ? refusal(503, 'SERVER_UNAVAILABLE') : answer(asked)));
    expect((await problemOf(bulkWrite(org.call, envelopes(1001), () => undefined))).code).toBe('vendor.unavailable');
    expect(jobs[0]?.state).toBe('Aborted');
  });

  test('a second job that fails leaves what the first did', async () => {
    const { answer } = factory();
    let made = 0;
    org.answers((asked) => (asked.path === '/jobs/ingest' && ++made === 2 ? refusal(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.') : answer(asked)));
    const outcomes = await bulkWrite(org.call, envelopes(10_001), () => undefined);
    expect(outcomes.slice(0, 10_000).every(({ ok }) => ok)).toBe(true);
    expect(outcomes[10_000]).toMatchObject({ ok: false, problem: { code: 'vendor.rate-limited' } });
  });
});

describe('tables', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('a,b', '"', 'x\ny', 'x\r\ny', ' edge ', ';|\t', '', 'ä😀'));
  test('give back what was put in, whatever stands in the cells', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { minLength: 1 }), (rows) => {
        const csv = csvOf(
          ['a', 'b,"c"'],
          rows.map(
            ([a, b]) =>
              new Map([
                ['a', a],
                ['b,"c"', b],
              ]),
          ),
        );
        // A lone end of a line in a text that is not in quotes is none of ours to write.
        expect(rowsOf(csv)).toEqual(rows.map(([a, b]) => ({ a, 'b,"c"': b })));
      }),
    );
  });
  test('with a cell that never ends are odd, and without a last line end are read', () => {
    expect(() => rowsOf('a,b\n"x,y')).toThrow();
    expect(rowsOf('a,b\r\n1,2\r\n3,')).toEqual([
      { a: '1', b: '2' },
      { a: '3', b: '' },
    ]);
    expect(rowsOf('')).toEqual([]);
  });
});

test('the sandbox takes a history of envelopes and their recipients, twice to the same end', async () => {
  const real = await sandboxOrg();
  const deal = real.sandbox.opportunityNamed('').id;
  const history = envelopes(1100, (index) => ({
    Status__c: index === 5 ? 'no such status' : 'completed',
    Opportunity__c: deal,
    Reason__c: 'said "no", twice\nand left',
    Completed_At__c: '2025-03-01T10:00:00.000Z',
  }));
  const recipients = envelopes(1100).map((one): RecordWrite => ({ record: { type: 'recipient', id: `${one.record.id}|Customer` }, set: { Status__c: 'signed' }, once: [] }));
  for (let round = 0; round < 2; round++) {
    const outcomes = await bulkWrite(real.call, history, () => undefined);
    expect(outcomes.flatMap((outcome, index) => (outcome.ok && outcome.left.length === 0 ? [] : [index]))).toEqual([5]);
    expect(outcomes[5]).toMatchObject({ ok: true, left: [{ field: 'Status__c', problem: { code: 'vendor.rejected' } }] });
    expect((await bulkWrite(real.call, recipients, () => undefined)).filter(({ ok }) => !ok)).toEqual([]);
  }
  expect(real.sandbox.records('Envelope__c')).toHaveLength(1100);
  expect(real.sandbox.records('Envelope_Recipient__c')).toHaveLength(1100);
  expect(real.sandbox.records('Envelope__c')[7]?.values).toMatchObject({ Status__c: 'completed', Opportunity__c: deal, Reason__c: 'said "no", twice\nand left' });
  await real.stop();
});
