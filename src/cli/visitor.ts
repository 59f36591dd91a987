/** A browser without a screen: cookies, redirects and forms, over real HTTP. Its pages are our own, so their forms are found by plain patterns. */
export interface Visitor {
  /** Opens an address; returns the page where the redirects end. */
  open(address: string): Promise<PageSeen>;
  /** Fills in and sends the page's form whose action holds `action`; hidden fields and given values go along. */
  submit(page: PageSeen, action: string, fields: Record<string, string>): Promise<PageSeen>;
}
export interface PageSeen {
  url: string;
  status: number;
  html: string;
}

const MOST_REDIRECTS = 10;
const PATIENCE_MS = 30_000;
const REDIRECTS = new Set([301, 302, 303, 307]);

export function createVisitor(): Visitor {
  const cookies = new Map<string, string>();

  async function visit(address: string, init: { method: string; body?: URLSearchParams }): Promise<PageSeen> {
    let url = address;
    let next: { method: string; body?: URLSearchParams } = init;
    for (let hop = 0; hop < MOST_REDIRECTS; hop++) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const headers = { ...(cookie ? { cookie } : {}), origin: new URL(url).origin, accept: 'text/html' };
      const response = await fetch(url, { ...next, headers, redirect: 'manual', signal: AbortSignal.timeout(PATIENCE_MS) });
      for (const set of response.headers.getSetCookie()) keep(set);
      const html = await response.text();
      const to = response.headers.get('location');
      if (!REDIRECTS.has(response.status) || to === null) return { url, status: response.status, html };
      url = new URL(to, url).toString();
      next = { method: 'GET' };
    }
    throw new Error(`Too many redirects from ${address}`);
  }

  function keep(set: string): void {
    const [pair = ''] = set.split(';');
    const at = pair.indexOf('=');
    cookies.set(pair.slice(0, at), pair.slice(at + 1));
  }

  return {
    open: (address) => visit(address, { method: 'GET' }),
    async submit(page, action, fields) {
      const form = formOf(page, action);
      return visit(new URL(form.action, page.url).toString(), { method: 'POST', body: new URLSearchParams({ ...form.values, ...fields }) });
    },
  };
}

function formOf(page: PageSeen, action: string): { action: string; values: Record<string, string> } {
  const forms = [...page.html.matchAll(/<form\b[^>]*>[\s\S]*?<\/form>/g)].map(([text]) => text);
  const form = forms.find((text) => attribute(text, 'method') === 'post' && (attribute(text, 'action') ?? '').includes(action));
  if (!form) throw new Error(`There is no form for "${action}" at ${page.url} (${page.status}).`);
  const values: Record<string, string> = {};
  for (const [input] of form.matchAll(/<input\b[^>]*>/g)) {
    const name = attribute(input, 'name');
    if (name !== null && attribute(input, 'type') !== 'checkbox') values[name] = attribute(input, 'value') ?? '';
  }
  return { action: attribute(form, 'action') ?? '', values };
}

function attribute(tag: string, name: string): string | null {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(tag.slice(0, tag.indexOf('>') + 1));
  return found?.[1] === undefined ? null : unescape(found[1]);
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
const unescape = (text: string): string => text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => ENTITIES[name] ?? '');
