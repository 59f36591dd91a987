import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOME_MID } from '#connectors/marketing-cloud/sandbox';
import { createVisitor } from '#src/cli/visitor';
import type { Json } from '#lib/json';
import type { Place } from '../../contract/place.ts';
import { COMPLETED, fire, handlesOf, openCloud, problemOf } from './world.ts';

let place: Place;
beforeEach(async () => {
  place = await openCloud();
});
afterEach(() => place.close());

test('a person adds an event on the page, switches it off and on, and sees who entered', async () => {
  const { call } = await place.connect();
  const visitor = createVisitor();
  const added = await visitor.submit(await visitor.open(`${place.app.apiUrl}/`), '/definitions/new', {
    journey: 'Reference call',
    key: 'APIEvent-reference',
    field0: 'EnvelopeId',
    type0: 'Text',
  });
  expect(added.html).toContain('Reference call');
  await fire(call, { name: 'APIEvent-reference' });
  expect((await visitor.open(`${place.app.apiUrl}/`)).html).toContain('1 entry');
  const body = new URLSearchParams({ key: 'APIEvent-reference', mid: HOME_MID, active: 'no' });
  await fetch(`${place.app.apiUrl}/definitions/activity`, { method: 'POST', body });
  expect((await problemOf(fire(call, { name: 'APIEvent-reference' }))).message).toMatch(/not active/);
});
test('an event whose key holds a period, or is taken, is not added', async () => {
  const visitor = createVisitor();
  for (const key of ['a.b', COMPLETED]) {
    const page = await visitor.submit(await visitor.open(`${place.app.apiUrl}/`), '/definitions/new', { journey: 'Another', key });
    expect(page.status).toBe(422);
  }
  expect(handlesOf(place).definitions()).toHaveLength(3);
});
test('faults are set on the page', async () => {
  const visitor = createVisitor();
  await visitor.submit(await visitor.open(`${place.app.apiUrl}/faults`), '/faults', { unavailable: '1', lostReply: '7' });
  expect(place.sandbox.faults).toMatchObject({ unavailable: 1, lostReply: 1, rateLimited: 0 });
});
test('a consent that is not for this app shows no button to give it', async () => {
  for (const wrong of [{ client_id: 'other' }, { redirect_uri: 'https://example.com/' }, { response_type: 'token' }, { scope: 'everything' }]) {
    const query = new URLSearchParams({ client_id: place.app.clientId, redirect_uri: place.app.redirectUri, response_type: 'code', scope: 'offline', ...wrong });
    const page = await fetch(`${place.app.apiUrl}/v2/authorize?${query}`);
    expect([page.status, (await page.text()).includes('<form')]).toEqual([400, false]);
  }
});
test('the token server takes JSON, as its documentation has it, and forms', async () => {
  const ask = { grant_type: 'client_credentials', client_id: place.app.clientId, client_secret: place.app.clientSecret.reveal(), account_id: HOME_MID };
  const asked = (init: RequestInit) => fetch(`${place.app.apiUrl}/v2/token`, { method: 'POST', ...init });
  for (const init of [{ body: new URLSearchParams(ask) }, { body: JSON.stringify(ask), headers: { 'content-type': 'application/json' } }])
    expect((await asked(init)).status).toBe(200);
  expect((await asked({ body: '{', headers: { 'content-type': 'application/json' } })).status).toBe(401);
});
test('it goes on after a restart with its entries and its permission', async () => {
  const { call, tokens, account } = await place.connect();
  await fire(call);
  const next = await openCloud({ state: JSON.parse(JSON.stringify(place.sandbox.state())) as Json, clock: place.clock });
  expect(next.sandbox.state()).toEqual(place.sandbox.state());
  const baseUrl = `${next.app.apiUrl}/rest`;
  await fire(next.callWith({ ...tokens, baseUrl }, { ...account, baseUrl }));
  expect(handlesOf(next).entries(COMPLETED)).toHaveLength(2);
  await next.close();
});
test('REST answers nobody without a token, whatever they ask', async () => {
  for (const path of ['/rest/interaction/v1/events', '/rest/', '/rest/hub/v1/x']) {
    for (const authorization of [undefined, 'Bearer made-up', 'Bearer __proto__', 'Basic eA==']) {
      const response = await fetch(`${place.app.apiUrl}${path}`, { method: 'POST', headers: authorization === undefined ? {} : { authorization } });
      expect(response.status, `${path} ${String(authorization)}`).toBe(401);
    }
  }
});
test('pages are pages, and what is not there is 404', async () => {
  for (const path of ['', '/', '/faults']) expect((await fetch(`${place.app.apiUrl}${path}`)).headers.get('content-type')).toContain('text/html');
  for (const path of ['/no-such-page', '/%00', '/faults/x']) expect((await fetch(`${place.app.apiUrl}${path}`)).status).toBe(404);
});
