import type { Context } from 'hono';
import type { Child } from 'hono/jsx';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ShownPage } from '#flow/capture/shown';
import { captureAsset } from './assets.ts';
import { languageOf } from './strings.ts';

/** Name, logo and colours of whoever asks. */
export const brandOf = ({ tenant, slug, version, page }: ShownPage) => ({
  name: page.brand.name,
  logo: page.brand.logo === undefined ? null : `/c/${tenant}/${slug}/logo/${version}`,
  style: `/c/${tenant}/${slug}/brand/${version}`,
});

interface FrameOptions {
  title: string;
  locale: string;
  status?: ContentfulStatusCode;
  /** Name and logo of whoever asks, and where the colour comes from; plain where no page is known. */
  brand?: { name: string; logo: string | null; style: string };
  /** Whether the page looks again by itself. */
  refreshSeconds?: number | undefined;
}

/** Answers with a whole page of the visitor's side. */
export function showPage(c: Context, { title, locale, status = 200, brand, refreshSeconds }: FrameOptions, body: Child): Response | Promise<Response> {
  const page = (
    <html lang={languageOf(locale)}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        {refreshSeconds === undefined ? null : <meta http-equiv="refresh" content={String(refreshSeconds)} />}
        <title>{brand ? `${title} · ${brand.name}` : title}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href={captureAsset('capture.css')} />
        {brand ? <link rel="stylesheet" href={brand.style} /> : null}
        <script src={captureAsset('capture.js')} defer></script>
      </head>
      <body>
        {brand ? <header>{brand.logo === null ? <p class="brand">{brand.name}</p> : <img src={brand.logo} alt={brand.name} class="logo" />}</header> : null}
        <main>{body}</main>
      </body>
    </html>
  );
  return c.html(`<!doctype html>${String(page)}`, status);
}
