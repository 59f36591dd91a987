import { projectFile } from '#lib/root';
import type { TenantId } from '#core/ids';
import { makeApiKey } from '#store/api-keys';
import { putCapturePage } from '#store/capture-pages';
import type { World } from './world.ts';

/** A capture page and an API key, whose texts carry `name`. */
export async function seedCapture({ db, clock }: World, tenant: TenantId, name: string): Promise<{ page: string; key: string }> {
  const now = clock.now();
  const slug = `${name.toLowerCase().replace(/[^a-z]+/g, '-')}-news`;
  const text = projectFile('mappings/consent/capture.yaml').replace('slug: newsletter', `slug: ${slug}`);
  return db.transaction().execute(async (tx) => {
    await putCapturePage(tx, tenant, { slug, text, note: `${name} begins`, by: 'operator' }, now);
    const { id } = await makeApiKey(tx, tenant, { name: `${name} shop`, scopes: ['consents:write'], by: 'operator' }, now);
    return { page: slug, key: id };
  });
}
