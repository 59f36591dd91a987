import type { InstallId } from '#core/ids';
import type { Call } from '#ports/call';

const MOST_INSTALLS = 500;

export interface InstallCache<T> {
  /** What is remembered for the call's install, or what `load` brings now. Calls that come together load once. */
  get(call: Call, load: () => Promise<T>): Promise<T>;
  forget(call: Call): void;
}

/** Remembers one value an install for `ttlMs`, for at most 500 installs: the one used longest ago goes first. Failures are not remembered. */
export function createInstallCache<T>(ttlMs: number): InstallCache<T> {
  const held = new Map<InstallId, { until: number; value: Promise<T> }>();

  return {
    get(call, load) {
      const id = call.install.id;
      const known = held.get(id);
      held.delete(id);
      const entry = known && known.until > Date.now() ? known : { until: Date.now() + ttlMs, value: load() };
      held.set(id, entry);
      entry.value.catch(() => held.get(id) === entry && held.delete(id));
      if (held.size > MOST_INSTALLS) held.delete(held.keys().next().value ?? id);
      return entry.value;
    },
    forget: (call) => void held.delete(call.install.id),
  };
}
