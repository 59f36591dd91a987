import { learned, windowName, type HeardWindow } from '#core/budget';
import { PRIORITY } from '#core/effect';
import { Problem } from '#core/problem';
import type { Clock } from '#lib/clock';
import type { BudgetLeft } from '#ports/call';
import type { Manifest } from '#ports/manifest';
import type { Budget } from '#shared/limits';

/** What is known is kept this often, milliseconds; a limit that has changed at once. */
const SAVE_MS = 60_000;
/** In windows from this length on, the last part is kept for what people press: it would be long until there is more. */
const LONG_MS = 10 * 60_000;
const RESERVED = 0.1;
/** Windows of one account that are remembered, and accounts: beyond it the oldest is forgotten, and learned again with its next answer. */
const MOST_WINDOWS = 6;
const MOST_ACCOUNTS = 20_000;

/** What vendors say in their headers of the windows in which they count, by account. */
export interface Budgets {
  /** Takes up what is kept of an account, where it is newer than what is known here: another process may have heard more. */
  recall(install: string, kept: string | null): void;
  /** What the vendor has just said. True where what is known should be kept now. */
  heard(install: string, manifest: Manifest, left: BudgetLeft): boolean;
  /** What may be asked of an account: the manifest's number, or the one that was learned. */
  budgetOf(install: string, manifest: Manifest, counted?: string): Budget;
  /** Refuses what is nobody's click once a long window is nearly used up. @throws Problem `vendor.quota` */
  admit(install: string, priority: number): void;
  known(install: string): HeardWindow[];
  /** The largest part of each window that an account has used, as last heard: for metrics, which name no account. */
  fullest(): { window: string; part: number }[];
}

export function createBudgets(clock: Clock): Budgets {
  const accounts = new Map<string, { savedAt: number; windows: HeardWindow[] }>();

  function put(install: string, windows: HeardWindow[], savedAt: number): void {
    accounts.delete(install);
    accounts.set(install, { savedAt, windows: windows.slice(-MOST_WINDOWS) });
    if (accounts.size <= MOST_ACCOUNTS) return;
    for (const oldest of accounts.keys()) return void accounts.delete(oldest);
  }
  const same = (a: Pick<HeardWindow, 'counted' | 'windowMs'>, b: Pick<HeardWindow, 'counted' | 'windowMs'>) => a.counted === b.counted && a.windowMs === b.windowMs;

  return {
    recall(install, kept) {
      if (kept === null) return;
      const known = accounts.get(install);
      const told = JSON.parse(kept) as HeardWindow[];
      const newer = told.filter((one) => (known?.windows.find((other) => same(one, other))?.heardAt ?? 0) < one.heardAt);
      if (newer.length === 0) return;
      const others = (known?.windows ?? []).filter((one) => !newer.some((other) => same(one, other)));
      put(install, [...others, ...newer], Math.max(known?.savedAt ?? 0, ...newer.map(({ heardAt }) => heardAt)));
    },
    heard(install, manifest, { remaining, resetInMs, limit, windowMs, counted }) {
      if (limit === undefined || windowMs === undefined || !(limit > 0) || !(windowMs > 0)) return false;
      const now = clock.now();
      const { savedAt, windows } = accounts.get(install) ?? { savedAt: 0, windows: [] };
      const own = paceFor(manifest, counted);
      const window: HeardWindow = {
        counted: counted ?? null,
        windowMs,
        limit,
        left: Math.max(0, Math.min(limit, remaining)),
        heardAt: now,
        resetsAt: now + Math.max(0, resetInMs),
        ours: own.windowMs === windowMs ? learned(own.requests, limit) : null,
      };
      const before = windows.find((one) => same(one, window));
      const due = before?.limit !== limit || now - savedAt >= SAVE_MS;
      put(install, [...windows.filter((one) => one !== before), window], due ? now : savedAt);
      return due;
    },
    budgetOf(install, manifest, counted) {
      const { requests, windowMs, concurrent } = paceFor(manifest, counted);
      const heard = accounts.get(install)?.windows.find((one) => same(one, { counted: counted ?? null, windowMs }));
      const key = counted === undefined ? install : `${install}/${counted}`;
      return { key, requests: learned(requests, heard?.limit ?? null), windowMs, concurrent, timeoutMs: manifest.limits.timeoutMs };
    },
    admit(install, priority) {
      if (priority === PRIORITY.click) return;
      const now = clock.now();
      const scarce = accounts.get(install)?.windows.find((one) => one.windowMs >= LONG_MS && now < one.resetsAt && one.left <= one.limit * RESERVED);
      if (!scarce) return;
      const name = windowName(scarce.windowMs);
      throw new Problem('vendor.quota', {
        say: `The account has used ${scarce.limit - scarce.left} of its ${scarce.limit} calls of the ${name}. What is left is kept for what people press; the rest goes on when the ${name} begins anew.`,
        retryAfterMs: scarce.resetsAt - now,
        facts: { used: scarce.limit - scarce.left, limit: scarce.limit },
      });
    },
    known: (install) => accounts.get(install)?.windows ?? [],
    fullest() {
      const now = clock.now();
      const parts = new Map<string, number>();
      for (const { windows } of accounts.values())
        for (const one of windows) {
          const name = windowName(one.windowMs);
          parts.set(name, Math.max(parts.get(name) ?? 0, now < one.resetsAt ? 1 - one.left / one.limit : 0));
        }
      return [...parts].map(([window, part]) => ({ window, part }));
    },
  };
}

function paceFor({ id, limits }: Manifest, counted?: string): { requests: number; windowMs: number; concurrent: number } {
  if (counted === undefined) return limits;
  const apart = limits.apart?.[counted];
  if (!apart) throw new Problem('internal.bug', { say: `The manifest of ${id} says nothing of calls counted as ${counted}.` });
  return apart;
}
