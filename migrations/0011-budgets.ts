import type { Migration } from './index.ts';

/** What a vendor's headers said last of the windows in which it counts an account's calls: what one machine learned, the others know with their next call. */
export const budgets: Migration = {
  name: '0011-budgets',
  async up(run) {
    await run('alter table installs add column budgets text');
  },
};
