import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Hono } from 'hono';
import { sha256 } from '#lib/hmac';
import { projectFile } from '#lib/root';
import type { ConsoleEnv } from './context.ts';

const script = 'text/javascript; charset=utf-8';
const FILES: Record<string, { type: string; body: string }> = {
  'console.css': { type: 'text/css; charset=utf-8', body: projectFile('src/http/console/console.css') },
  'console.js': { type: script, body: projectFile('src/http/console/console.js') },
  'mark.svg': { type: 'image/svg+xml', body: projectFile('src/http/console/mark.svg') },
  'htmx.js': { type: script, body: readFileSync(createRequire(import.meta.url).resolve('htmx.org/dist/htmx.min.js'), 'utf8') },
};
const VERSIONS = new Map(Object.entries(FILES).map(([name, file]) => [name, sha256(file.body).slice(0, 10)]));

/** The address of an asset; it changes with the content, so that browsers may keep it for ever. */
export const asset = (name: string): string => `/assets/${name}?v=${VERSIONS.get(name) ?? ''}`;

export function serveAssets(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  for (const [name, file] of Object.entries(FILES)) {
    app.get(`/assets/${name}`, (c) =>
      c.body(file.body, 200, { 'content-type': file.type, 'cache-control': c.req.query('v') === VERSIONS.get(name) ? 'public, max-age=31536000, immutable' : 'no-cache' }),
    );
  }
  return app;
}
