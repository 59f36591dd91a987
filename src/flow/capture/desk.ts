import { newId } from '#lib/ids';
import type { JsonObject } from '#lib/json';
import type { CaptureFault } from '#core/capture-parse';
import type { ApiKeyId, TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import { API_SCOPES, makeApiKey, revokeApiKey, type ApiScope } from '#store/api-keys';
import { getCaptureVersion, putCapturePage, showCapturePage } from '#store/capture-pages';
import type { Tx } from '#store/database';
import { append } from '#store/ledger';
import { checkCapturePage } from '#flow/capture/check';
import type { Flow } from '#flow/flow';

const NAME_CHARACTERS = 80;

/** What people do with capture pages and with keys for programs. Each is recorded in the audit ledger with `by`. */
export interface CaptureDesk {
  /** Everything that is wrong with a page's text. */
  check(tenant: TenantId, text: string): Promise<CaptureFault[]>;
  /** Saves a new version and shows it; with errors nothing is saved. `slug`: the page that is being edited, whose text must not name another. */
  save(tenant: TenantId, text: string, note: string, by: string, slug?: string): Promise<{ saved: true; slug: string; version: number } | { saved: false; faults: CaptureFault[] }>;
  /** Shows a version to visitors, or closes the page. @throws Problem `request.not-found` */
  show(tenant: TenantId, slug: string, state: { version: number; open: boolean }, by: string): Promise<void>;
  /** The key is shown this once. @throws Problem `request.malformed` */
  makeKey(tenant: TenantId, name: string, scopes: readonly string[], by: string): Promise<{ id: ApiKeyId; key: string }>;
  /** It is refused from now on. @throws Problem `request.not-found` */
  revokeKey(tenant: TenantId, id: ApiKeyId, by: string): Promise<void>;
}

export function createCaptureDesk(flow: Flow): CaptureDesk {
  const doing = <T>(run: (tx: Tx, now: number) => Promise<T>): Promise<T> => flow.db.transaction().execute((tx) => run(tx, flow.clock.now()));
  const note = (tx: Tx, tenant: TenantId, now: number, by: string, action: string, subject: string, detail: JsonObject = {}) =>
    append(tx, tenant, 'audit', [{ id: newId('aud', now), at: now, actor: by, action, subject, detail: JSON.stringify(detail) }]);

  return {
    check: async (tenant, text) => (await checkCapturePage(flow, tenant, text)).faults,

    async save(tenant, text, words, by, slug) {
      const { page, faults } = await checkCapturePage(flow, tenant, text);
      if (page && slug !== undefined && page.slug !== slug)
        faults.push({ level: 'error', path: 'slug', line: 1, column: 1, say: `This is the page "${slug}". Its slug stays, for it is its address; make a new page for another.` });
      if (!page || faults.some(({ level }) => level === 'error')) return { saved: false, faults };
      const { version } = await doing(async (tx, now) => {
        const put = await putCapturePage(tx, tenant, { slug: page.slug, text, note: words, by }, now);
        if (put.fresh) await note(tx, tenant, now, by, 'capture-page.saved', page.slug, { version: put.version, note: words });
        return put;
      });
      return { saved: true, slug: page.slug, version };
    },

    async show(tenant, slug, state, by) {
      await getCaptureVersion(flow.db, tenant, slug, state.version);
      await doing(async (tx, now) => {
        await showCapturePage(tx, tenant, slug, state, now);
        await note(tx, tenant, now, by, state.open ? 'capture-page.shown' : 'capture-page.closed', slug, { version: state.version });
      });
    },

    async makeKey(tenant, name, asked, by) {
      const named = name.trim().slice(0, NAME_CHARACTERS);
      if (named === '') throw new Problem('request.malformed', { say: 'Give the key a name that says which program uses it.' });
      const scopes = API_SCOPES.filter((scope): scope is ApiScope => asked.includes(scope));
      const strange = asked.find((scope) => !API_SCOPES.some((known) => known === scope));
      if (strange !== undefined || scopes.length === 0)
        throw new Problem('request.malformed', { say: `Say what the key may do: ${API_SCOPES.join(', ')}.${strange === undefined ? '' : ` There is no "${strange}".`}` });
      return doing(async (tx, now) => {
        const made = await makeApiKey(tx, tenant, { name: named, scopes, by }, now);
        await note(tx, tenant, now, by, 'api-key.made', made.id, { name: named, scopes });
        return made;
      });
    },

    revokeKey: (tenant, id, by) =>
      doing(async (tx, now) => {
        await revokeApiKey(tx, tenant, id, now);
        await note(tx, tenant, now, by, 'api-key.withdrawn', id);
      }),
  };
}
