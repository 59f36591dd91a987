import { Hono } from 'hono';
import { sha256 } from '#lib/hmac';
import { projectFile } from '#lib/root';

const script = 'text/javascript; charset=utf-8';
const FILES: Record<string, { type: string; body: string }> = {
  'capture.css': { type: 'text/css; charset=utf-8', body: projectFile('src/http/capture/capture.css') },
  'capture.js': { type: script, body: projectFile('src/http/capture/capture.js') },
};
/** Without its comments and indents it is below three kilobytes, which every visitor of the site loads. */
const SCRIPT = projectFile('src/http/capture/t.js')
  .split('\n')
  .map((line) => line.trim())
  .filter((line) => line !== '' && !line.startsWith('//') && !line.startsWith('/**'))
  .join('\n');
/** How long a site's visitors may use the script that they have. */
const SCRIPT_SECONDS = 3600;
const VERSIONS = new Map(Object.entries(FILES).map(([name, file]) => [name, sha256(file.body).slice(0, 10)]));

/** The address of an asset; it changes with the content, so that browsers may keep it for ever. */
export const captureAsset = (name: string): string => `/c/assets/${name}?v=${VERSIONS.get(name) ?? ''}`;

/** What capture pages load, and the script for the sites around them. */
export function captureAssets(): Hono {
  const app = new Hono();
  for (const [name, { type, body }] of Object.entries(FILES)) {
    app.get(`/c/assets/${name}`, (c) => {
      const kept = c.req.query('v') === VERSIONS.get(name) ? 'public, max-age=31536000, immutable' : 'no-cache';
      return c.body(body, 200, { 'content-type': type, 'cache-control': kept, 'x-content-type-options': 'nosniff' });
    });
  }
  app.get('/t.js', (c) =>
    c.body(SCRIPT, 200, {
      'content-type': script,
      'cache-control': `public, max-age=${SCRIPT_SECONDS}`,
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'cross-origin',
    }),
  );
  return app;
}
