import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWorld, type TestWorld } from '../flow/world.ts';
import { consentsOf } from './capture-stage.ts';

let world: TestWorld;
let key: string;
beforeAll(async () => {
  world = await openWorld();
  key = (await world.world.desk.capture.makeKey(world.tenant, 'Shop', ['consents:write', 'consents:read', 'touchpoints:write'], 'test')).key;
});
afterAll(() => world.stop());

interface Answer {
  status: number;
  headers: Headers;
  body: { error?: { code: string; message: string; path?: string }; [member: string]: unknown };
}
async function call(method: 'GET' | 'POST', path: string, body?: unknown, headers: Record<string, string> = { authorization: `Bearer ${key}` }): Promise<Answer> {
  const response = await fetch(`${world.address}/api/v1${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] };
}

const ACT = { text: 'newsletter', locale: 'en', version: 1, status: 'granted', capturedAt: '2026-03-01T09:30:00+01:00', evidence: { order: 'A-17' } };
const EMAIL = 'shop.customer@example.com';

describe('consent by API', () => {
  test('is recorded with its words, stands, and is withdrawn', async () => {
    expect(await call('POST', '/consents', { email: EMAIL, name: 'Sam Shop', acts: [ACT] })).toMatchObject({ status: 202, body: { acts: 1 } });
    await world.settled();
    const granted = await call('GET', `/consents?email=${EMAIL}`);
    expect(granted).toMatchObject({ status: 200, body: { state: [{ type: 'marketing', status: 'granted' }], acts: [{ how: 'api', text: { name: 'newsletter', version: 1 } }] } });
    await call('POST', '/consents', { email: EMAIL, acts: [{ type: 'marketing', status: 'withdrawn', capturedAt: '2026-03-02T00:00:00Z' }] });
    await world.settled();
    const [of] = (await call('GET', `/consents?email=${EMAIL}`)).body.state as { purpose: string | null; status: string }[];
    expect(of?.status).toBe('withdrawn');
    expect(JSON.stringify(await consentsOf(world))).not.toMatch(/shop\.customer|Sam Shop/);
    expect((await call('GET', '/consents?email=nobody@example.com')).body).toEqual({ person: null, state: [], acts: [] });
  });

  test('the same Idempotency-Key is the same request, and another request under it is refused', async () => {
    const headers = { authorization: `Bearer ${key}`, 'idempotency-key': 'order-18' };
    const body = { email: 'twice@example.com', acts: [ACT] };
    const first = await call('POST', '/consents', body, headers);
    const again = await call('POST', '/consents', body, headers);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotent-replay')).toBe('true');
    expect(await call('POST', '/consents', { ...body, email: 'other@example.com' }, headers)).toMatchObject({ status: 422, body: { error: { path: 'Idempotency-Key' } } });
    await world.settled();
    expect(((await call('GET', '/consents?email=twice@example.com')).body.acts as object[]).length).toBe(1);
  });

  test.each([
    ['no such text', { ...ACT, text: 'newsleter' }, 'acts.0.text'],
    ['no such version', { ...ACT, version: 9 }, 'acts.0.text'],
    ['a time without a zone', { ...ACT, capturedAt: '2026-03-01T09:30:00' }, 'acts.0.capturedAt'],
    ['the future', { ...ACT, capturedAt: '2090-01-01T00:00:00Z' }, 'acts.0.capturedAt'],
    ['a grant of nobody knows which words', { type: 'marketing', status: 'granted', capturedAt: ACT.capturedAt }, 'acts.0.text'],
    ['a word that is none', { ...ACT, status: 'maybe' }, 'acts.0.status'],
  ])('%s is refused by name, and nothing enters', async (_, act, path) => {
    const before = await consentsOf(world);
    expect(await call('POST', '/consents', { email: EMAIL, acts: [ACT, act].slice(1) })).toMatchObject({ status: 422, body: { error: { code: 'request.malformed', path } } });
    expect(await consentsOf(world)).toEqual(before);
  });
});

describe('touchpoints by API', () => {
  test('a thousand of one person are kept, each once, hostile values as text', async () => {
    const at = Date.UTC(2026, 0, 1);
    const all = Array.from({ length: 1000 }, (_, place) => ({ at: at + place * 60_000, source: `s${place}`, campaign: '"><script>alert(1)</script>' }));
    for (let from = 0; from < all.length; from += 200) {
      const answer = await call('POST', '/touchpoints', { email: 'many@example.com', touchpoints: all.slice(from, from + 200) });
      expect(answer).toMatchObject({ status: 200, body: { recorded: 200, known: 0 } });
    }
    expect(await call('POST', '/touchpoints', { email: 'many@example.com', touchpoints: all.slice(0, 200) })).toMatchObject({ body: { recorded: 0, known: 200 } });
    expect((await call('POST', '/touchpoints', { email: 'many@example.com', touchpoints: all.slice(0, 201) })).status).toBe(422);
    const kept = await world.db.selectFrom('touches').selectAll().where('tenant', '=', world.tenant).execute();
    expect(kept).toHaveLength(1000);
    expect(kept[0]?.data).toContain('<script>');
  });
});

describe('keys', () => {
  test('no key, a wrong one, a withdrawn one and one without the scope are refused', async () => {
    const { desk } = world.world;
    const reader = await desk.capture.makeKey(world.tenant, 'Reader', ['consents:read'], 'test');
    for (const headers of [{}, { authorization: 'Bearer csk_nothing' }, { authorization: 'Basic abc' }])
      expect((await call('GET', '/consents?email=a@example.com', undefined, headers)).status).toBe(401);
    const asReader = { authorization: `Bearer ${reader.key}` };
    expect((await call('GET', '/consents?email=a@example.com', undefined, asReader)).status).toBe(200);
    expect(await call('POST', '/consents', { email: EMAIL, acts: [ACT] }, asReader)).toMatchObject({ status: 403, body: { error: { code: 'request.forbidden' } } });
    await desk.capture.revokeKey(world.tenant, reader.id, 'test');
    expect((await call('GET', '/consents?email=a@example.com', undefined, asReader)).status).toBe(401);
    await expect(desk.capture.makeKey(world.tenant, 'All', ['everything'], 'test')).rejects.toThrow(/There is no "everything"/);
    const rows = JSON.stringify(await world.db.selectFrom('api_keys').selectAll().execute());
    expect(rows).not.toContain(key);
    expect(world.logs.join('\n')).not.toContain(key);
  });

  test('guessing is slowed down', async () => {
    const guesses = Array.from({ length: 80 }, (_, round) => call('GET', '/consents?email=a@example.com', undefined, { authorization: `Bearer csk_guess${round}` }));
    expect(new Set((await Promise.all(guesses)).map(({ status }) => status))).toEqual(new Set([401, 429]));
    expect((await call('GET', `/consents?email=${EMAIL}`)).status).toBe(200);
  });
});
