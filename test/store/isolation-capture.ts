import type { InstallId, PersonId, TenantId } from '#core/ids';
import * as keys from '#store/api-keys';
import * as pages from '#store/capture-pages';
import * as posts from '#store/capture-posts';
import type { Db, Tx } from '#store/database';
import { ensurePerson } from '#store/people';
import { ADA, NOW, sealer } from './fixtures.ts';

const PAGE = { slug: 'news', text: 'page-of-a', note: 'note-of-a', by: 'a' };
const RENDERING = { hash: 'hash-1', slug: 'news', version: 1, locale: 'en', texts: [], html: 'html-of-a' };
const ANSWERS = { name: ADA.name, email: ADA.email, company: '', phone: '', more: {}, ticked: [] };
const POST = { id: 'cap_1', slug: 'news', version: 1, locale: 'en', answers: ANSWERS, correlation: 'cor_of_a' } as const;
const CALL = { key: 'call-1', request_hash: 'request-of-a', status: 200, body: '"body-of-a"', at: NOW };

/** A page of A's that was shown and posted, and a key with one remembered answer. */
export async function furnishCapture(db: Db, tenant: TenantId, install: InstallId) {
  const key = await db.transaction().execute(async (tx) => {
    await pages.putCapturePage(tx, tenant, PAGE, NOW);
    await posts.putPost(tx, sealer, tenant, { ...POST, install, person: await ensurePerson(tx, sealer, tenant, ADA.email) }, NOW);
    return keys.makeApiKey(tx, tenant, { name: 'key-of-a', scopes: ['consents:read'], by: 'a' }, NOW);
  });
  await pages.keepRendering(db, tenant, RENDERING, NOW);
  await keys.keepApiCall(db, { ...CALL, tenant, api_key: key.id });
  return { apiKey: key.id, captureInstall: install };
}
interface A extends Awaited<ReturnType<typeof furnishCapture>> {
  person: PersonId;
}

/** How another tenant asks for what is A's. */
export const CAPTURE_CASES: Record<string, (db: Tx, b: TenantId, a: A) => Promise<unknown>> = {
  'api-keys.makeApiKey': (db, b) => keys.makeApiKey(db, b, { name: 'b', scopes: [], by: 'b' }, NOW),
  'api-keys.listApiKeys': (db, b) => keys.listApiKeys(db, b),
  'api-keys.revokeApiKey': (db, b, a) => keys.revokeApiKey(db, b, a.apiKey, NOW),
  'api-keys.findApiCall': (db, b, a) => keys.findApiCall(db, b, a.apiKey, CALL.key),
  'capture-pages.putCapturePage': (db, b) => pages.putCapturePage(db, b, { ...PAGE, text: 'of b', note: 'of b' }, NOW),
  'capture-pages.showCapturePage': (db, b) => pages.showCapturePage(db, b, PAGE.slug, { version: 1, open: false }, NOW),
  'capture-pages.listCaptureVersions': (db, b) => pages.listCaptureVersions(db, b, PAGE.slug),
  'capture-pages.getCaptureVersion': (db, b) => pages.getCaptureVersion(db, b, PAGE.slug, 1),
  'capture-pages.findShownPage': (db, b) => pages.findShownPage(db, b, PAGE.slug),
  'capture-pages.listCapturePages': (db, b) => pages.listCapturePages(db, b),
  'capture-pages.keepRendering': (db, b) => pages.keepRendering(db, b, { ...RENDERING, html: 'of b' }, NOW),
  'capture-pages.findRendering': (db, b) => pages.findRendering(db, b, RENDERING.hash),
  'capture-posts.putPost': (db, b, a) => posts.putPost(db, sealer, b, { ...POST, install: a.captureInstall, person: { id: a.person, key: '' } }, NOW),
  'capture-posts.findPost': (db, b) => posts.findPost(db, b, POST.id),
  'capture-posts.openPost': (db, b) => posts.openPost(db, sealer, b, POST.id),
  'capture-posts.settlePost': (db, b) => posts.settlePost(db, b, POST.id, { contact: 'b', deal: null, created: true }, NOW),
};
