import type { Migration } from './index.ts';

const TABLE = `
create table callbacks (
  tenant text not null, install text not null, callback text not null, deal text not null, created_at bigint not null, expires_at bigint not null,
  primary key (tenant, install, callback)
)`;

/** Workflows of the CRM that wait for what becomes of a send. */
export const callbacks: Migration = {
  name: '0007-callbacks',
  async up(run) {
    await run(TABLE);
  },
};
