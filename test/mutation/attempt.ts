import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createVitest, type TestSpecification } from 'vitest/node';
import { projectRoot } from '#lib/root';
import { mutantsOf, type Mutant } from './mutants.ts';
import { TARGETS } from './targets.ts';

/**
 * The process behind `run.ts`: tries the mutants of one module from a number on, each on the module's tests in turn until one fails, and writes what became of it as a line
 * of JSON. The mutant goes in where Vite reads the file; nothing on disk changes. Tests run in a thread of this process, so that they end with it.
 */
const [name = '', from = '0', to = 'Infinity'] = process.argv.slice(2);
const target = TARGETS.find(({ module }) => module === name);
if (!target) throw new Error(`no target ${name}`);
const path = join(projectRoot, name);
let planted: Mutant | null = null;
const withMutant = (code: string): string => (planted ? code.slice(0, planted.start) + planted.text + code.slice(planted.end) : code);

const vitest = await createVitest(
  'test',
  {
    config: false,
    root: projectRoot,
    watch: false,
    pool: 'threads',
    maxWorkers: 1,
    isolate: false,
    bail: 1,
    include: target.tests,
    setupFiles: ['test/mutation/chance.ts'],
    reporters: [{}],
    testTimeout: 15_000,
  },
  {
    plugins: [{ name: 'mutant', enforce: 'pre', transform: (code, id) => (id === path ? withMutant(code) : null) }],
  },
);

interface Try {
  test: TestSpecification;
  /** Which of its tests. */
  only: RegExp;
}

async function passes({ test, only }: Try): Promise<boolean> {
  vitest.invalidateFile(path);
  // What ran before counts among its results, and its failures towards `bail`.
  vitest.state.idMap.clear();
  vitest.state.filesMap.clear();
  vitest.setGlobalTestNamePattern(only);
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications([test]);
  return unhandledErrors.length === 0 && testModules.length === 1 && testModules.every((module) => module.state() === 'passed');
}

/** The quick engine first: most mutants need no more. */
const engines = target.databases ? [/^(?!PostgreSQL)/, /^PostgreSQL/] : [/^/];
const found = await vitest.globTestSpecifications();
const tries = engines.flatMap((only) => target.tests.flatMap((path) => found.filter(({ moduleId }) => moduleId === join(projectRoot, path)).map((test) => ({ test, only }))));
if (tries.length !== target.tests.length * engines.length || tries.length === 0) throw new Error(`${name}: not all of its tests are there`);
for (const one of tries) if (!(await passes(one))) throw new Error(`${one.test.moduleId} fails without a mutant`);

const say = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);
for (const [number, mutant] of mutantsOf(name, readFileSync(path, 'utf8')).entries()) {
  if (number < Number(from) || number >= Number(to)) continue;
  say({ number });
  planted = mutant;
  let noticed = false;
  for (const one of tries) if ((noticed = !(await passes(one)))) break;
  say({ number, noticed });
}
await vitest.close();
// Vitest leaves a code of its own where a test failed.
process.exit(0);
