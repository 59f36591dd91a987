import { ApiFault, notFound } from '../org/faults.ts';
import { bulkRoutes } from './bulk.ts';
import { collectionRoutes } from './collections.ts';
import { composite } from './composite.ts';
import { describeRoutes } from './describe.ts';
import { errors, ok, type Answer, type Ask, type Caller, type Route } from './exchange.ts';
import { limits } from './limits.ts';
import { queryRoutes } from './queries.ts';
import { recordRoutes } from './records.ts';

const RESOURCES = ['sobjects', 'query', 'queryAll', 'limits', 'composite', 'jobs', 'ui-api'];

/** The first that fits is taken, so those with fixed words stand before those without. */
const ROUTES: Route[] = [
  { method: 'GET', path: '', handler: resources },
  { method: 'GET', path: 'limits', handler: limits, free: true },
  ...queryRoutes,
  ...describeRoutes,
  { method: 'POST', path: 'composite', handler: composite(part) },
  ...collectionRoutes,
  ...bulkRoutes,
  ...recordRoutes,
];

function resources({ identity }: Caller, { root }: Ask): Answer {
  return ok({ ...Object.fromEntries(RESOURCES.map((name) => [name, `${root}/${name}`])), identity });
}

export interface Found {
  route: Route;
  params: Record<string, string>;
}

/** The route of a path below the root; undefined where there is none. */
export function findRoute(method: string, path: string): Found | undefined {
  const words = path.split('/').filter(Boolean);
  for (const route of ROUTES) {
    if (route.method !== method) continue;
    const params = matched(route.path.split('/').filter(Boolean), words);
    if (params) return { route, params };
  }
  return undefined;
}

function matched(pattern: string[], words: string[]): Record<string, string> | null {
  if (pattern.length !== words.length) return null;
  const params: Record<string, string> = {};
  for (const [at, part] of pattern.entries()) {
    const word = decoded(words[at] ?? '');
    if (part.startsWith(':')) params[part.slice(1)] = word;
    else if (part !== word) return null;
  }
  return params;
}

function decoded(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}

/** Does one request, and turns what it throws into the answer that the vendor gives. */
export function perform(caller: Caller, found: Found | undefined, ask: Omit<Ask, 'params'>): Answer {
  try {
    if (!found) throw notFound();
    return found.route.handler(caller, { ...ask, params: found.params });
  } catch (error) {
    if (error instanceof ApiFault) return errors(error.status, error.faults);
    throw error;
  }
}

function part(caller: Caller, { method, url, headers, body }: { method: string; url: string; headers: Record<string, string>; body: unknown }): Answer {
  const [, root = '', path = '', query = ''] = /^(\/services\/data\/v\d+\.\d+)(\/[^?]*)?(?:\?(.*))?$/.exec(url) ?? [];
  const inside = { method, root, query: new URLSearchParams(query), header: (name: string) => headers[name.toLowerCase()], body, text: '' };
  return perform(caller, root === '' ? undefined : findRoute(method, path), inside);
}
