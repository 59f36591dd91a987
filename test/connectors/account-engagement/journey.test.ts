import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { accountEngagement } from '#connectors/account-engagement/index';
import { HOME_UNIT } from '#connectors/account-engagement/sandbox';
import type { Call, HttpReply, HttpRequest } from '#ports/call';
import type { Member } from '#ports/crm';
import { NO_FAULTS } from '#ports/sandbox';
import type { Connected, Place } from '../../contract/place.ts';
import { handlesOf, INES, join, NOBODY, openEngagement, problemOf, shown, TOMAS } from './world.ts';

let place: Place;
let connected: Connected;
beforeEach(async () => {
  place = await openEngagement();
  connected = await place.connect();
});
afterEach(() => place.close());

const members = (list: string) => handlesOf(place).members(list);
const named = (list: string) =>
  handlesOf(place)
    .lists()
    .filter(({ name }) => name === list);
const calls = () => Object.entries(place.sandbox.calls());
const counted = (part: string) => calls().reduce((sum, [name, count]) => sum + (name.includes(part) ? count : 0), 0);
/** The connection's call, of which some answers are made up. */
const answering = (answer: (request: HttpRequest) => { status: number; body: unknown; headers?: Record<string, string> } | null): Call => ({
  ...connected.call,
  async request(request): Promise<HttpReply> {
    const made = answer(request);
    return made ? { status: made.status, headers: new Headers(made.headers), body: made.body } : connected.call.request(request);
  },
});

describe('joining', () => {
  test('makes the list and the prospects, and may be done again', async () => {
    expect(accountEngagement.manifest.journey).toEqual({ person: 'email', repeatable: true });
    expect(await join(connected.call, 'Signed', [INES, TOMAS])).toEqual({ absent: [] });
    expect(await join(connected.call, 'Signed', [TOMAS])).toEqual({ absent: [] });
    expect(members('Signed').sort()).toEqual([INES.email, TOMAS.email]);
    expect([named('Signed').length, handlesOf(place).prospects().length]).toEqual([1, 2]);
  });
  test('says who has no address, and lets the others join', async () => {
    expect(await join(connected.call, 'Signed', [NOBODY, { contact: '003D', email: 'not an address' }, INES])).toEqual({ absent: ['003C', '003D'] });
    expect(members('Signed')).toEqual([INES.email]);
  });
  test('says whose address the vendor refuses, and lets the others join', async () => {
    expect(await join(connected.call, 'Signed', [{ contact: '003E', email: 'someone@localhost' }, INES])).toEqual({ absent: ['003E'] });
    expect(members('Signed')).toEqual([INES.email]);
  });
  test('of nobody asks nothing and makes nothing', async () => {
    const before = counted('');
    expect(await join(connected.call, 'Nobody', [])).toEqual({ absent: [] });
    expect(await join(connected.call, 'Nobody', [NOBODY])).toEqual({ absent: ['003C'] });
    expect([named('Nobody').length, counted('') - before]).toEqual([0, 0]);
  });
  test('two contacts of one address are one prospect', async () => {
    expect(await join(connected.call, 'Signed', [INES, { contact: '003Z', email: ' Ines.Duarte@EXAMPLE.com' }])).toEqual({ absent: [] });
    expect(members('Signed')).toEqual([INES.email]);
    expect(counted('upsertLatestByEmail')).toBe(1);
  });
  test('one list at the same time from many sides is one list', async () => {
    const people = Array.from({ length: 5 }, (_, index): Member => ({ contact: `${index}`, email: `p${index}@example.com` }));
    await Promise.all(people.map((person) => join(connected.call, 'Together', [person])));
    expect(named('Together')).toHaveLength(1);
    expect(members('Together').sort()).toEqual(people.map(({ email }) => email));
  });
  test('costs two calls a person once the list is known', async () => {
    await join(connected.call, 'Signed', [INES]);
    const before = counted('');
    await join(connected.call, 'Signed', [TOMAS]);
    expect(counted('') - before).toBe(2);
  });
  test('uses the list that is there, the oldest where several have the name', async () => {
    const page = (name: string) => fetch(`${place.app.apiUrl}/lists/new`, { method: 'POST', body: new URLSearchParams({ unit: HOME_UNIT, name }) });
    await page('Twice');
    await page('Twice');
    await join(connected.call, 'Twice', [INES]);
    const [oldest] = named('Twice').map(({ id }) => id);
    expect(JSON.stringify(place.sandbox.state())).toContain(`"listId":${String(oldest)}`);
    expect(named('Twice')).toHaveLength(2);
  });
  test('finds a list on a later page, where the filter by name is ignored', async () => {
    for (let index = 0; index < 5; index++) await fetch(`${place.app.apiUrl}/lists/new`, { method: 'POST', body: new URLSearchParams({ unit: HOME_UNIT, name: `List ${index}` }) });
    const deaf: Call = {
      ...connected.call,
      request: (request) => {
        const { name: _name, ...query } = request.query ?? {};
        return connected.call.request(
          request.path.endsWith('/lists') && request.method === 'GET' ? { ...request, query: { ...query, ...(query['limit'] ? { limit: '2' } : {}) } } : request,
        );
      },
    };
    const before = counted('objects/lists');
    await join(deaf, 'List 4', [INES]);
    expect([members('List 4'), named('List 4').length, counted('objects/lists') - before]).toEqual([[INES.email], 1, 4]);
  });
  test('a list that somebody deleted is made once more', async () => {
    await join(connected.call, 'Signed', [INES]);
    handlesOf(place).deleteList('Signed');
    await join(connected.call, 'Signed', [INES]);
    expect([members('Signed'), named('Signed').length]).toEqual([[INES.email], 1]);
  });
  test('a list that fills itself takes nobody, and says so', async () => {
    const problem = await problemOf(join(connected.call, 'Visited pricing', [INES]));
    expect([problem.code, problem.message]).toEqual(['vendor.rejected', expect.stringMatching(/fills itself/)]);
  });
  test('who opted out stays so', async () => {
    await join(connected.call, 'Signed', [INES]);
    handlesOf(place).optOut(INES.email ?? '');
    await join(connected.call, 'Signed', [INES]);
    await join(connected.call, 'Declined', [INES]);
    expect(handlesOf(place).prospects()).toMatchObject([{ email: INES.email, optedOut: true }]);
  });
});

describe('what gets lost', () => {
  test('is told as lost, and can be done again without doing it twice', async () => {
    for (let lost = 0; lost < 6; lost++) {
      // Each time the answer of another call is cut off: the look-up, the list, the prospect, the membership.
      let left = lost;
      const call: Call = {
        ...connected.call,
        async request(request) {
          place.sandbox.faults.lostReply = left-- === 0 ? 1 : 0;
          return connected.call.request(request).finally(() => Object.assign(place.sandbox.faults, NO_FAULTS));
        },
      };
      const outcome = await join(call, `Lost ${lost}`, [INES]).then(
        () => 'done',
        (error: unknown) => (error as { code?: string }).code,
      );
      expect(outcome).toBe(lost < 4 ? 'vendor.lost-reply' : 'done');
      expect(await join(connected.call, `Lost ${lost}`, [INES])).toEqual({ absent: [] });
      expect([members(`Lost ${lost}`), named(`Lost ${lost}`).length, handlesOf(place).prospects().length]).toEqual([[INES.email], 1, 1]);
    }
  });
  test('a refusal of a membership that is not there is a refusal', async () => {
    const call = answering(({ method, path }) =>
      method === 'POST' && path.endsWith('/list-memberships') ? { status: 400, body: { code: 999, message: 'No more members.' } } : null,
    );
    expect((await problemOf(join(call, 'Full', [INES]))).message).toMatch(/No more members/);
    expect(members('Full')).toEqual([]);
  });
});

describe('limits', () => {
  test('five at once are too many for a moment', async () => {
    place.sandbox.faults.rateLimited = 1;
    const problem = await problemOf(join(connected.call, 'Signed', [INES]));
    expect([problem.code, problem.facts['code']]).toEqual(['vendor.rate-limited', 66]);
    expect(problem.retryAfterMs).toBeLessThanOrEqual(4000);
  });
  test('the requests of the day that are used up are waited for by the hour', async () => {
    handlesOf(place).useUpDay(true);
    const problem = await problemOf(join(connected.call, 'Signed', [INES]));
    expect([problem.code, problem.retryAfterMs]).toEqual(['vendor.rate-limited', 3_600_000]);
    handlesOf(place).useUpDay(false);
    expect(await join(connected.call, 'Signed', [INES])).toEqual({ absent: [] });
  });
  test('the limiter is told what the day has left, and nothing where the vendor says it in another way', async () => {
    const told: unknown[] = [];
    const call = { ...connected.call, quota: (day: unknown) => void told.push(day) };
    await join(call, 'Signed', [INES]);
    expect(told.at(-1)).toEqual({ used: expect.any(Number), limit: 25_000 });
    told.length = 0;
    const odd = answering(() => ({ status: 200, body: { values: [{ id: 1, name: 'Odd' }], id: 1 }, headers: { 'x-api-usage': 'plenty' } }));
    await join({ ...odd, quota: (day) => void told.push(day) }, 'Odd', [INES]);
    expect(told).toEqual([]);
  });
  test('our own share of what may run at once leaves one for others', async () => {
    let [running, most] = [0, 0];
    const call: Call = {
      ...connected.call,
      async request(request) {
        most = Math.max(most, ++running);
        return connected.call.request(request).finally(() => running--);
      },
    };
    await join(
      call,
      'Many',
      Array.from({ length: 23 }, (_, index): Member => ({ contact: `${index}`, email: `m${index}@example.com` })),
    );
    expect([most <= 4, members('Many').length]).toEqual([true, 23]);
    expect(accountEngagement.manifest.limits.concurrent).toBeLessThanOrEqual(5);
  });
});

describe('permission', () => {
  test('a token that the vendor refuses is renewed once, and nothing is done twice', async () => {
    await join(connected.call, 'Signed', [INES]);
    handlesOf(place).expireTokens();
    await join(connected.call, 'Signed', [TOMAS]);
    expect([members('Signed').length, calls().filter(([name]) => name.endsWith(' 401')).length, counted(' 401')]).toEqual([2, 1, 1]);
  });
  test('a permission that was withdrawn needs a person', async () => {
    handlesOf(place).revokeGrant();
    expect((await problemOf(join(connected.call, 'Signed', [INES]))).remedy).toBe('reauthorize');
  });
  test('a business unit that is not there any more needs a person, and is named as the cause', async () => {
    const call = place.callWith(connected.tokens, { ...connected.account, id: '0Uv000000000000000' });
    const problem = await problemOf(join(call, 'Signed', [INES]));
    expect([problem.code, problem.message]).toEqual(['install.unauthorized', expect.stringMatching(/business unit/)]);
  });
  test('an account that points elsewhere is never called', async () => {
    const call = place.callWith(connected.tokens, { ...connected.account, baseUrl: 'http://127.0.0.1:9' });
    expect((await problemOf(join(call, 'Elsewhere', [INES]))).code).toBe('host.refused');
  });
});

describe('nothing shows', () => {
  test('a person, where the vendor quotes one', async () => {
    const body = { code: 65, message: `Prospect ines.duarte@example.com (Ines <INES@example.com>) cannot be created.` };
    const call = answering(({ path }) => (path.includes('upsert') ? { status: 400, body } : null));
    const problem = await problemOf(join(call, 'Signed', [INES]));
    expect(problem.message).toMatch(/cannot be created/);
    expect(shown(problem)).not.toMatch(/ines\.duarte|ines@example/i);
  });
  test('an address in what is asked for by its path or query', async () => {
    const asked: string[] = [];
    const call: Call = {
      ...connected.call,
      request: (request) => {
        asked.push(`${request.path}?${new URLSearchParams(request.query)}`);
        return connected.call.request(request);
      },
    };
    await join(call, 'Signed', [INES]);
    expect(asked.join(' ')).not.toMatch(/example\.com|%40/);
  });
  test('a token', async () => {
    handlesOf(place).useUpDay(true);
    expect(shown(await problemOf(join(connected.call, 'Signed', [INES])))).not.toContain(connected.tokens.accessToken.reveal());
  });
});
