import type { ConsentText } from '#store/consent-texts';
import type { TestWorld } from '../flow/world.ts';

/** A page as a visitor's browser has it: the form's hidden fields, and what came with it. */
export interface Form {
  status: number;
  html: string;
  headers: Headers;
  token: string;
}

const LONG_AGO_MS = 60_000;
const ENTITIES: Record<string, string> = { '&amp;': '&', '&quot;': '"', '&#39;': "'", '&lt;': '<', '&gt;': '>' };
const unescape = (text: string) => text.replace(/&(?:amp|quot|#39|lt|gt);/g, (entity) => ENTITIES[entity] ?? entity);

export const DEFAULTS = { name: 'Nora Bakker', email: 'nora.bakker@example.com', company: 'Bakker & Zn', 'c-privacy-notice': 'yes' };

/** What a visitor does at a page of the world's tenant, over HTTP and without a browser. */
export function visitorOf(test: TestWorld, slug = 'newsletter') {
  const url = `${test.address}/c/${test.tenant}/${slug}`;
  async function open(query = '', headers: Record<string, string> = {}): Promise<Form> {
    return formOf(await fetch(url + query, { headers }));
  }
  async function formOf(response: Response): Promise<Form> {
    const html = await response.text();
    const token = /name="token" value="([^"]*)"/.exec(html)?.[1] ?? '';
    return { status: response.status, html, headers: response.headers, token: unescape(token) };
  }
  /** Posts a form that was open for a while, as people have it. */
  async function post(form: Form, fields: Record<string, string> = DEFAULTS, headers: Record<string, string> = {}) {
    const response = await fetch(url, { method: 'POST', redirect: 'manual', headers, body: new URLSearchParams({ token: form.token, ...fields }) });
    const location = response.headers.get('location');
    return { status: response.status, location, html: await response.text(), headers: response.headers };
  }
  return {
    url,
    open,
    post,
    /** Opens and posts, with time between. */
    async send(fields: Record<string, string> = DEFAULTS, query = '') {
      const form = await open(query);
      test.clock.skip(LONG_AGO_MS);
      return post(form, fields);
    },
  };
}

/** Saves another version of the shipped page. @throws Error where it has faults */
export async function savePage(test: TestWorld, change: (text: string) => string): Promise<void> {
  const { text } = await test.db.selectFrom('capture_pages').select('text').where('tenant', '=', test.tenant).orderBy('version', 'desc').executeTakeFirstOrThrow();
  const saved = await test.world.desk.capture.save(test.tenant, change(text), 'test', 'test');
  if (!saved.saved) throw new Error(saved.faults.map(({ path, say }) => `${path}: ${say}`).join('\n'));
}

/** Publishes other words under the name of a text. */
export async function reword(test: TestWorld, name: string, locale: string, wording: string): Promise<ConsentText> {
  const now = test.clock.now();
  const text = await test.db
    .selectFrom('consent_texts')
    .selectAll()
    .where('tenant', '=', test.tenant)
    .where('name', '=', name)
    .where('locale', '=', locale)
    .orderBy('version', 'desc')
    .executeTakeFirstOrThrow();
  const { type, purpose, channel, jurisdiction, title } = text;
  return test.world.desk.publishText(test.tenant, { name, type, purpose, channel, locale, jurisdiction, title, wording, validFrom: now }, 'test');
}

export async function consentsOf(test: TestWorld) {
  return test.db.selectFrom('consents').selectAll().where('tenant', '=', test.tenant).orderBy('seq').execute();
}
