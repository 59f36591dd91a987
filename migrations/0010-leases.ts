import type { Migration } from './index.ts';

/** What one process at a time does for all of them, and until when it may. */
export const leases: Migration = {
  name: '0010-leases',
  async up(run) {
    await run('create table leases (name text primary key, lease_until bigint not null)');
  },
};
