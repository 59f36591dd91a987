/** Modules that every promise rests on, with the tests that have to notice a fault in them, the quickest first. */
export interface Target {
  part: 'signature' | 'dedupe' | 'state machine' | 'planner' | 'ledger';
  module: string;
  tests: string[];
  /** Its tests are suites for each database. */
  databases?: true;
  /** Mutants that behave as the module does, by their line's text and what is changed. They do not count. */
  same?: { line: string; say: string; why: string }[];
}

export const TARGETS: Target[] = [
  { part: 'signature', module: 'src/lib/hmac.ts', tests: ['test/connectors/hubspot/window.test.ts', 'test/lib/secrets.test.ts'] },
  { part: 'signature', module: 'src/lib/standard-webhooks.ts', tests: ['test/lib/standard-webhooks.test.ts'] },
  { part: 'signature', module: 'connectors/docusign/signature.ts', tests: ['test/connectors/docusign/signature.test.ts', 'test/connectors/docusign/inbound.test.ts'] },
  { part: 'signature', module: 'connectors/hubspot/signature.ts', tests: ['test/connectors/hubspot/window.test.ts', 'test/connectors/hubspot/signature.test.ts'] },
  {
    part: 'dedupe',
    module: 'connectors/docusign/inbound.ts',
    tests: ['test/connectors/docusign/notices.test.ts', 'test/connectors/docusign/inbound.test.ts'],
    same: [
      {
        line: 'throw malformed(message.error',
        say: "message.error.issues[0]?.path.join('.') ?? ''  ->  (message.error.issues[0]?.path.join('.'))",
        why: 'A refusal always has an issue.',
      },
    ],
  },
  {
    part: 'dedupe',
    module: 'connectors/hubspot/inbound.ts',
    tests: ['test/connectors/hubspot/notices.test.ts', 'test/connectors/hubspot/inbound.test.ts'],
    same: [
      {
        line: 'return `${entryOf(TYPES',
        say: "entryOf(TYPES, idText(event.objectTypeId) ?? '') ?? 'object'  ->  (entryOf(TYPES, idText(event.objectTypeId) ?? ''))",
        why: 'No type of events begins with either.',
      },
      { line: 'return `${entryOf(TYPES', say: "idText(event.objectTypeId) ?? ''  ->  (idText(event.objectTypeId))", why: 'No type is called null.' },
    ],
  },
  { part: 'dedupe', module: 'src/core/decide/intent.ts', tests: ['test/core/decide/intent.test.ts'] },
  {
    part: 'dedupe',
    module: 'src/store/ingest.ts',
    tests: ['test/store/ingest-groups.test.ts'],
    databases: true,
  },
  {
    part: 'dedupe',
    module: 'src/store/arrivals.ts',
    tests: ['test/store/arrivals.test.ts', 'test/store/ingest-groups.test.ts'],
    databases: true,
    same: [
      { line: 'const ROWS_A_STATEMENT', say: 'list without 64', why: 'Rows go in by statements of other sizes.' },
      { line: 'const ROWS_A_STATEMENT', say: 'list without 16', why: 'Rows go in by statements of other sizes.' },
      { line: 'const ROWS_A_STATEMENT', say: 'list without 4', why: 'Rows go in by statements of other sizes.' },
      { line: 'const ROWS_A_STATEMENT', say: '64  ->  (64 + 1)', why: 'Rows go in by statements of other sizes.' },
      { line: 'const ROWS_A_STATEMENT', say: '16  ->  (16 + 1)', why: 'Rows go in by statements of other sizes.' },
      { line: 'const ROWS_A_STATEMENT', say: '4  ->  (4 + 1)', why: 'Rows go in by statements of other sizes.' },
      { line: 'const byKey', say: '1  ->  (1 + 1)', why: 'Only the sign counts.' },
      { line: 'const byKey', say: 'a.install < b.install  ->  <=', why: 'Equal notices are one.' },
      {
        line: 'const { text, columns }',
        say: 'statements.get(name) ?? { text: compile(some), columns: Object.keys(so  ->  ({ text: compile(some), columns: Object.keys(some[0] ?? {}) })',
        why: 'Only slower.',
      },
      { line: 'const { text, columns }', say: 'some[0] ?? {}  ->  (some[0])', why: 'There is a row: none are not written.' },
      { line: 'statements.set', say: 'without statements.set(name, { text, columns });', why: 'Only slower.' },
    ],
  },
  {
    part: 'dedupe',
    module: 'src/store/inbox.ts',
    tests: ['test/store/inbox.test.ts'],
    databases: true,
    same: [
      { line: 'const fresh', say: 'numInsertedOrUpdatedRows ?? 0n  ->  (numInsertedOrUpdatedRows)', why: 'Both databases say how many.' },
      { line: 'const next', say: 'after === null  ->  false', why: 'Only slower: it is asked for the same twice.' },
      { line: 'const due =', say: '1  ->  (1 + 1)', why: 'Only slower: the first is taken.' },
      { line: 'const row = await', say: '1  ->  (1 + 1)', why: 'Only slower: the first is taken.' },
      { line: 'const row = await', say: 'without .limit(1)', why: 'Only slower: the first is taken.' },
      { line: 'if (settled.length === 0) return', say: 'settled.length === 0  ->  false', why: 'Only slower: nothing is settled.' },
    ],
  },
  {
    part: 'state machine',
    module: 'src/core/envelope.ts',
    tests: ['test/core/decide/intent.test.ts', 'test/core/lattice.test.ts'],
    same: [
      { line: 'partially_signed: 4', say: '4  ->  (4 + 1)', why: 'Ranks are compared, and nothing stands between.' },
      { line: 'export const RECIPIENT_RANK', say: '3  ->  (3 + 1)', why: 'Ranks are compared, and nothing stands between.' },
    ],
  },
  { part: 'state machine', module: 'src/core/state.ts', tests: ['test/core/decide/intent.test.ts', 'test/core/decide/envelope.test.ts'] },
  {
    part: 'state machine',
    module: 'src/core/decide/envelope.ts',
    tests: ['test/core/decide/heard.test.ts', 'test/core/decide/envelope.test.ts', 'test/core/decide/follow-ups.test.ts'],
  },
  { part: 'planner', module: 'src/core/decide/deal.ts', tests: ['test/core/decide/sends.test.ts', 'test/core/decide/deal.test.ts'] },
  {
    part: 'planner',
    module: 'src/core/mapping/send.ts',
    tests: ['test/core/mapping/requests.test.ts', 'test/core/mapping/send.test.ts', 'test/core/mapping/embedded.test.ts', 'test/core/mapping/consents.test.ts'],
    same: [
      { line: 'const request = input.trigger', say: "input.trigger.kind === 'request'  ->  true", why: 'A stage has no request.' },
      { line: "reasons.add('condition'", say: "rule.if ?? ''  ->  (rule.if)", why: 'A rule without condition always holds.' },
    ],
  },
  {
    part: 'ledger',
    module: 'src/lib/json.ts',
    tests: ['test/lib/entries.test.ts', 'test/lib/values.test.ts'],
  },
  {
    part: 'ledger',
    module: 'src/store/ledger.ts',
    tests: ['test/store/ledger-chain.test.ts'],
    databases: true,
    same: [
      { line: 'const ROWS_A_STATEMENT', say: '500  ->  (500 + 1)', why: 'Statements may be larger.' },
      { line: 'const ROWS_A_STATEMENT', say: 'list without 500', why: 'Rows go in by statements of other sizes.' },
      { line: 'const ROWS_A_STATEMENT', say: 'list without 64', why: 'Rows go in by statements of other sizes.' },
      { line: 'const ROWS_A_STATEMENT', say: 'list without 16', why: 'Rows go in by statements of other sizes.' },
      { line: 'const ROWS_A_STATEMENT', say: 'list without 4', why: 'Rows go in by statements of other sizes.' },
      { line: 'const ROWS_A_STATEMENT', say: 'list without 2', why: 'Rows go in by statements of other sizes.' },
      { line: 'const ROWS_A_STATEMENT', say: '64  ->  (64 + 1)', why: 'Rows go in by statements of other sizes.' },
      { line: 'const ROWS_A_STATEMENT', say: '16  ->  (16 + 1)', why: 'Rows go in by statements of other sizes.' },
      { line: 'const ROWS_A_STATEMENT', say: '4  ->  (4 + 1)', why: 'Rows go in by statements of other sizes.' },
      { line: 'const ROWS_A_STATEMENT', say: '2  ->  (2 + 1)', why: 'Rows go in by statements of other sizes.' },
      { line: 'if (added.length', say: 'added.length === 0  ->  false', why: 'Only slower: no rows, and the head as it is.' },
      { line: 'if (last <= seq', say: 'last <= seq  ->  <', why: 'Only slower: the head is read twice before the same is said.' },
      { line: 'let named', say: '1  ->  (1 + 1)', why: 'Neither is the place of an entry.' },
      { line: 'if (found)', say: 'found  ->  false', why: 'Only slower: the head is there, so nothing is inserted and it is read again.' },
    ],
  },
];
