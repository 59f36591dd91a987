import { spawnSync } from 'node:child_process';
import { projectRoot } from '#lib/root';
import { readUsage } from '../usage.ts';
import { TARGETS } from './targets.ts';

/**
 * `npm run coverage`: which branches of the modules that every promise rests on are taken by some test, of the same modules and tests as `npm run mutate`. A branch that is not taken is a
 * fault that nobody would notice.
 */
readUsage('npm run coverage   runs the tests of those modules, and fails below so many branches in a hundred', {});
const modules = TARGETS.map(({ module }) => `--coverage.include=${module}`);
const tests = [...new Set(TARGETS.flatMap((target) => target.tests))];
/** What is left are values that the types ask for and nothing can reach, such as the first issue of a refusal that has one. */
const LEAST = 98;
const command = [
  'node_modules/vitest/vitest.mjs',
  'run',
  '--project',
  'together',
  '--coverage.enabled',
  '--coverage.reporter=text',
  `--coverage.thresholds.branches=${LEAST}`,
  ...modules,
  ...tests,
];
const { status } = spawnSync(process.execPath, command, { cwd: projectRoot, stdio: 'inherit' });
process.exitCode = status ?? 1;
