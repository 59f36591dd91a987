import type { Clock } from '#lib/clock';
import type { Logger } from '#lib/log';
import type { RateOptions } from '#lib/rate';
import type { Rates } from '#ports/rates';
import { createDayCounts, type DayCounts } from '#shared/day-counts';
import type { Limits } from '#shared/limits';
import type { Quotas } from '#shared/quota';
import { openRedis } from '#shared/redis';
import { createSharedLimits } from '#shared/shared-limits';
import { createSharedRates } from '#shared/shared-rates';
import { clearAlarm, raiseAlarm } from '#store/alarms';
import type { Db } from '#store/database';
import { asServer } from '#store/scope';
import { ConfigError, type Config } from './config.ts';

/** A process that starts waits this long for Redis: both may have been started together. */
const START_MS = 10_000;

/** What processes of one server count together. */
export interface SharedCount {
  limits: Limits;
  counts: DayCounts;
  rates: Rates;
  /** Tells people when it is lost and found: the alarm `limits-unreachable`. */
  alarm(db: Db): void;
  close(): Promise<void>;
}

/** Null where this process counts by itself. @throws ConfigError where Redis is named and does not answer: then the process is to stop, for it would call vendors beyond what they allow */
export async function openSharedCount({ redis }: Config, deps: { clock: Clock; log: Logger; quotas: Quotas; demand: boolean }): Promise<SharedCount | null> {
  if (redis === null) return null;
  const { clock, log, quotas } = deps;
  const link = await openRedis(redis);
  if (deps.demand)
    await link.available(START_MS).catch(() => {
      link.close();
      const why = link.why();
      throw new ConfigError(
        `Redis at ${link.at}${why === null ? '' : ` (${why})`} does not answer, and without it this process does not know how many calls the others make. ` +
          'Start it, or correct REDIS_URL; where this is the only process, take REDIS_URL out.',
      );
    });
  const limits = createSharedLimits(link, clock);
  const counts = createDayCounts(link, quotas, clock);
  const subject = 'redis';

  return {
    limits,
    counts,
    rates: (name: string, options: RateOptions) => createSharedRates(link, name, options),
    alarm(db) {
      const failed = (error: unknown) => log.error({ err: error }, 'the alarm about Redis could not be written');
      const clear = () => void asServer(() => clearAlarm(db, 'limits-unreachable', subject)).catch(failed);
      // Of a process before this one.
      if (link.isUp()) clear();
      link.watch({
        lost() {
          log.error({ code: 'limits-unreachable' }, 'Redis does not answer: no vendor is called until it does');
          const say = 'Redis does not answer, so calls cannot be counted and no vendor is called. Webhooks are taken all the same, and everything goes on once it is back.';
          asServer(() => raiseAlarm(db, { code: 'limits-unreachable', subject, tenant: null, say }, clock.now())).catch(failed);
        },
        found() {
          log.info('Redis answers again');
          clear();
        },
      });
    },
    async close() {
      await counts.flush();
      await limits.close();
      link.close();
    },
  };
}
