import { defineConfig } from 'vitest/config';

/** These change what all files of a process share (its HTTP client, its timers, its modules), so each has a process of its own. */
const ALONE = [
  'test/connectors/docusign/embedding.test.ts',
  'test/connectors/docusign/hosts.test.ts',
  'test/connectors/hubspot/wire.test.ts',
  'test/connectors/salesforce/bulk.test.ts',
  'test/sim/sim.test.ts',
];

/** These take long and have a run of their own, `npm run test:long`. */
const LONG = [
  'test/fuzz/**/*.test.ts',
  'test/flow/brakes.test.ts',
  'test/sim/planted.test.ts',
  'test/faults/faults.test.ts',
  'test/work/processes.test.ts',
  'test/proof/tampering.test.ts',
  'test/supply/release.test.ts',
];

export default defineConfig({
  test: {
    testTimeout: 90_000,
    hookTimeout: 120_000,
    // A busy machine is no fault of what is tested.
    expect: { poll: { timeout: 20_000 } },
    pool: 'forks',
    // By default one core is left idle, which on a machine of two halves the speed.
    maxWorkers: 3,
    // Files that share a process load the product once: apart, loading it was an eighth of the suite's time.
    projects: [
      { extends: true, test: { name: 'together', include: ['test/**/*.test.{ts,tsx}'], exclude: [...ALONE, ...LONG], isolate: false } },
      { extends: true, test: { name: 'alone', include: ALONE } },
      { extends: true, test: { name: 'long', include: LONG, testTimeout: 600_000 } },
    ],
  },
});
