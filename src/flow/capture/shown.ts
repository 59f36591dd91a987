import type { CapturePage } from '#core/capture';
import { parseCapturePage } from '#core/capture-parse';
import type { ConsentTextId, TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import { findShownPage, getCaptureVersion, type CapturePageVersion } from '#store/capture-pages';
import { currentText, findText, type ConsentText } from '#store/consent-texts';
import type { Flow } from '#flow/flow';

/** A page with the wordings that belong to it, one for each of its consents. */
export interface ShownPage {
  tenant: TenantId;
  slug: string;
  version: number;
  page: CapturePage;
}

function read({ tenant, slug, version, text }: CapturePageVersion): ShownPage {
  const parsed = parseCapturePage(text);
  if (!parsed.ok) throw new Problem('internal.bug', { say: `The page "${slug}" can no longer be read.` });
  return { tenant, slug, version, page: parsed.page };
}

/** The page as it is shown now. @throws Problem `request.not-found` where there is none or it is closed */
export async function shownPage(flow: Flow, tenant: TenantId, slug: string): Promise<ShownPage> {
  const row = await findShownPage(flow.db, tenant, slug);
  if (!row) throw new Problem('request.not-found');
  return read(row);
}

/** The page as it was when somebody had it before them. @throws Problem `request.not-found` */
export async function pageOfVersion(flow: Flow, tenant: TenantId, slug: string, version: number): Promise<ShownPage> {
  return read(await getCaptureVersion(flow.db, tenant, slug, version));
}

/** The wordings that are in force now, in the order of the page's consents. @throws Problem `request.not-found` where one is not published */
export async function currentTexts(flow: Flow, { tenant, page }: ShownPage, locale: string): Promise<ConsentText[]> {
  const now = flow.clock.now();
  return Promise.all(
    page.consents.map(async ({ text }) => {
      const found = await currentText(flow.db, tenant, text, locale, now);
      if (!found) throw new Problem('request.not-found', { say: `The page cannot be shown: no text named "${text}" is in force.` });
      return found;
    }),
  );
}

/** The wordings that somebody had before them. @throws Problem `request.not-found` */
export async function textsOf(flow: Flow, tenant: TenantId, ids: readonly ConsentTextId[]): Promise<ConsentText[]> {
  return Promise.all(
    ids.map(async (id) => {
      const found = await findText(flow.db, tenant, id);
      if (!found) throw new Problem('request.not-found');
      return found;
    }),
  );
}
