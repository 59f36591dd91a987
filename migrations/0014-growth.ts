import type { Migration } from './index.ts';

/** Acts of consent that are still to be told: looked for once a minute, among all effects that ever were. */
const INDEX = "create index outbox_untold on outbox (created_at) where kind = 'consent.tell' and state <> 'done'";

export const growth: Migration = {
  name: '0014-growth',
  async up(run) {
    await run(INDEX);
  },
};
