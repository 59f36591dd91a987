import type { Clock } from '#lib/clock';
import type { OrgState } from '../org/state.ts';
import { ok, type Answer, type Caller } from './exchange.ts';

const HOUR_MS = 3_600_000;
const HOURS = 24;

/** Calls within the last day, to the hour. */
export function usedOf(state: OrgState, clock: Clock): number {
  const oldest = Math.floor(clock.now() / HOUR_MS) - HOURS;
  let used = 0;
  for (const [hour, count] of Object.entries(state.usage.hours)) {
    if (Number(hour) > oldest) used += count;
    else delete state.usage.hours[hour];
  }
  return used;
}
export function countCall(state: OrgState, clock: Clock): void {
  const hour = Math.floor(clock.now() / HOUR_MS);
  state.usage.hours[hour] = (state.usage.hours[hour] ?? 0) + 1;
}
export function setUsed(state: OrgState, clock: Clock, used: number, limit: number): void {
  state.usage = { limit, hours: { [Math.floor(clock.now() / HOUR_MS)]: used } };
}

export function limits({ org }: Caller): Answer {
  const left = (max: number, used = 0) => ({ Max: max, Remaining: Math.max(0, max - used) });
  const { limit } = org.state.usage;
  return ok({
    DailyApiRequests: left(limit, usedOf(org.state, org.clock)),
    DailyBulkV2QueryJobs: left(10_000),
    DailyBulkApiBatches: left(15_000, Object.keys(org.state.jobs).length),
    DailyDeliveredPlatformEvents: left(25_000),
    HourlyPublishedPlatformEvents: left(50_000),
    HourlyPublishedStandardVolumePlatformEvents: left(1000),
    DataStorageMB: left(1024),
    FileStorageMB: left(10_240),
  });
}
