import type { MiddlewareHandler } from 'hono';
import type { Context } from 'hono';
import { secureHeaders } from 'hono/secure-headers';

/** No inline script or style, nothing from elsewhere; who may frame the page is said by the page itself. */
export function captureHeaders(): MiddlewareHandler {
  const common = secureHeaders({ referrerPolicy: 'same-origin', xFrameOptions: false, crossOriginResourcePolicy: false, crossOriginOpenerPolicy: false });
  return async (c, next) => {
    await common(c, next);
    if (!c.res.headers.has('content-security-policy')) c.res.headers.set('content-security-policy', policy([]));
    c.res.headers.set('cache-control', c.res.headers.get('cache-control') ?? 'no-store');
  };
}

function policy(origins: readonly string[]): string {
  const frames = ["'self'", ...origins].join(' ');
  return `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors ${frames}`;
}

/** Lets these sites, and nobody else, show the page in a frame. */
export function allowFrames(c: Context, origins: readonly string[]): void {
  c.header('content-security-policy', policy(origins));
}
