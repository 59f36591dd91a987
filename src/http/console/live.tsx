import type { Child } from 'hono/jsx';
import type { ConsoleContext } from './context.ts';

/**
 * A part of a page that refreshes itself while something may still change. It tells the server which version it shows, and gets an empty
 * answer while that is the newest: an open page costs little and is not disturbed.
 */
export function Live({ c, version, moving, children }: { c: ConsoleContext; version: string; moving: boolean; children?: Child }) {
  const refresh = moving ? { 'hx-get': `${c.req.path}?part=live&seen=${version}`, 'hx-trigger': 'every 3s', 'hx-swap': 'outerHTML' } : {};
  return (
    <div id="live" {...refresh}>
      {children}
    </div>
  );
}
