import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOME_UNIT } from '#connectors/account-engagement/sandbox';
import { createVisitor } from '#src/cli/visitor';
import type { Json } from '#lib/json';
import type { Place } from '../../contract/place.ts';
import { handlesOf, INES, join, openEngagement, TOMAS } from './world.ts';

let place: Place;
beforeEach(async () => {
  place = await openEngagement();
});
afterEach(() => place.close());

/** A request of the API with a good token. */
async function api(
  path: string,
  init: { method?: string; body?: unknown; headers?: Record<string, string | undefined> } = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const { tokens } = await place.connect();
  const given = { authorization: `Bearer ${tokens.accessToken.reveal()}`, 'pardot-business-unit-id': HOME_UNIT, 'content-type': 'application/json', ...init.headers };
  const headers = Object.fromEntries(Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined));
  const response = await fetch(`${place.app.apiUrl}/api/v5/objects${path}`, {
    method: init.method ?? 'GET',
    headers,
    ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test('a person adds a list on the page, sees who joined, and lets one opt out', async () => {
  const { call } = await place.connect();
  const visitor = createVisitor();
  const open = () => visitor.open(`${place.app.apiUrl}/`);
  expect((await visitor.submit(await open(), '/lists/new', { name: 'References' })).html).toContain('References');
  await join(call, 'References', [INES, TOMAS]);
  const page = await open();
  expect(page.html).toMatch(/2 members/);
  expect((await visitor.submit(page, '/opt-out', {})).html).toContain('opted out');
  expect(
    handlesOf(place)
      .prospects()
      .filter(({ optedOut }) => optedOut),
  ).toHaveLength(1);
});
test('faults are set on the page', async () => {
  const visitor = createVisitor();
  await visitor.submit(await visitor.open(`${place.app.apiUrl}/faults`), '/faults', { rateLimited: '0.5', lostReply: '7' });
  expect(place.sandbox.faults).toMatchObject({ rateLimited: 0.5, lostReply: 1, unavailable: 0 });
});
test('a consent without PKCE, or for another app, shows no button to give it', async () => {
  for (const wrong of [{ client_id: 'other' }, { redirect_uri: 'https://example.com/' }, { code_challenge_method: 'plain' }, { scope: 'full' }]) {
    const query = new URLSearchParams({
      client_id: place.app.clientId,
      redirect_uri: place.app.redirectUri,
      response_type: 'code',
      scope: 'pardot_api',
      code_challenge: 'x',
      code_challenge_method: 'S256',
      ...wrong,
    });
    const page = await fetch(`${place.app.apiUrl}/services/oauth2/authorize?${query}`);
    expect([page.status, (await page.text()).includes('<form')]).toEqual([400, false]);
  }
});
test('the API answers nobody without token and business unit, and says which it misses', async () => {
  expect(await api('/lists?fields=id', { headers: { authorization: undefined } })).toMatchObject({ status: 401, body: { code: 182 } });
  for (const bearer of ['made-up', '__proto__'])
    expect(await api('/lists?fields=id', { headers: { authorization: `Bearer ${bearer}` } })).toMatchObject({ status: 401, body: { code: 184 } });
  expect(await api('/lists?fields=id', { headers: { 'pardot-business-unit-id': undefined } })).toMatchObject({ status: 400, body: { code: 181 } });
  expect(await api('/lists?fields=id', { headers: { 'pardot-business-unit-id': '0Uv' } })).toMatchObject({ status: 403, body: { code: 201 } });
});
test('a page token holds the query, and stands beside `fields` alone', async () => {
  const first = await api('/lists?fields=id,name&limit=1');
  expect(first.body['values']).toEqual([{ id: 501, name: 'Newsletter' }]);
  const token = String(first.body['nextPageToken']);
  expect((await api(`/lists?fields=name&nextPageToken=${token}`)).body).toMatchObject({ values: [{ name: 'Visited pricing' }], nextPageToken: null });
  expect((await api(`/lists?fields=name&limit=1&nextPageToken=${token}`)).status).toBe(400);
  for (const odd of ['/lists', '/lists?fields=id&limit=5000', '/lists?fields=id&nextPageToken=%ff', '/nothing']) expect((await api(odd)).status).toBeGreaterThanOrEqual(400);
});
test('what is asked wrongly is refused in the vendor’s shape', async () => {
  const asked: [string, unknown][] = [
    ['/lists', {}],
    ['/lists', { name: ' ' }],
    ['/prospects/do/upsertLatestByEmail', { matchEmail: 'x' }],
    ['/list-memberships', { listId: 501, prospectId: 1 }],
  ];
  for (const [path, body] of asked)
    expect(await api(path, { method: 'POST', body })).toMatchObject({ status: 400, body: { code: expect.any(Number), message: expect.any(String) } });
});
test('it goes on after a restart with its members and its permission', async () => {
  const { call, tokens, account } = await place.connect();
  await join(call, 'Signed', [INES]);
  const next = await openEngagement({ state: JSON.parse(JSON.stringify(place.sandbox.state())) as Json, clock: place.clock });
  expect(next.sandbox.state()).toEqual(place.sandbox.state());
  await join(next.callWith(tokens, { ...account, baseUrl: next.app.apiUrl }), 'Signed', [TOMAS]);
  expect(handlesOf(next).members('Signed')).toEqual([INES.email, TOMAS.email]);
  await next.close();
});
test('pages are pages, and what is not there is 404', async () => {
  for (const path of ['', '/', '/faults']) expect((await fetch(`${place.app.apiUrl}${path}`)).headers.get('content-type')).toContain('text/html');
  for (const path of ['/no-such-page', '/%00', '/faults/x']) expect((await fetch(`${place.app.apiUrl}${path}`)).status).toBe(404);
});
