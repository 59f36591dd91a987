import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { withDeadline } from '#lib/deadline';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Work that only the signal ends. */
const endless = (signal: AbortSignal) => new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }));

describe('a deadline', () => {
  test('comes, whatever is collected meanwhile', async () => {
    const parent = new AbortController();
    const ends = Array.from({ length: 100 }, () => withDeadline(60, parent.signal, endless).catch((error: unknown) => (error as Error).name));
    const collecting = setInterval(collect, 5);
    expect(new Set(await Promise.all(ends))).toEqual(new Set(['TimeoutError']));
    clearInterval(collecting);
  });

  test('comes with its parent, before or after it began', async () => {
    const parent = new AbortController();
    const under = withDeadline(60_000, parent.signal, endless);
    parent.abort(new Error('The server stops.'));
    await expect(under).rejects.toThrow('The server stops.');
    await expect(withDeadline(60_000, parent.signal, (signal) => Promise.resolve(signal.aborted))).resolves.toBe(true);
  });

  test('has as many beside it as there are, without a warning of a leak', async () => {
    const warnings: string[] = [];
    const hear = ({ message }: Error) => void warnings.push(message);
    process.on('warning', hear);
    const parent = new AbortController();
    await Promise.all(Array.from({ length: 30 }, () => withDeadline(60_000, parent.signal, async () => new Promise((resolve) => setTimeout(resolve, 5)))));
    process.off('warning', hear);
    expect(warnings).toEqual([]);
  });

  test('leaves nothing behind', async () => {
    const parent = new AbortController();
    let kept: AbortSignal | undefined;
    await withDeadline(10, parent.signal, async (signal) => void (kept = signal));
    parent.abort();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(kept?.aborted).toBe(false);
  });
});
