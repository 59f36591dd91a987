import type { Migration } from './index.ts';

/** An envelope has one row at send and one at signature; whatever else is said of it later points back to one of them. */
const INDEXES = [
  'create unique index attributions_once on attributions (tenant, envelope, point) where corrects is null',
  'create unique index attributions_by_id on attributions (tenant, id)',
  'create index attributions_by_time on attributions (tenant, point, at)',
  'create unique index touches_by_id on touches (tenant, id)',
];

export const attribution: Migration = {
  name: '0004-attribution',
  async up(run) {
    for (const statement of INDEXES) await run(statement);
  },
};
