import * as z from 'zod';
import { newId } from '#lib/ids';
import { actInput, readAct } from '#core/capture-act';
import { presentState } from '#core/consent';
import type { ConsentGiven } from '#core/fact';
import { putReport } from '#flow/desk/consents';
import { actsOf, listConsents } from '#store/consents';
import { listTexts } from '#store/consent-texts';
import { findPersonByEmail } from '#store/people';
import type { ApiAnswer, ApiRequest } from '#http/api';
import { checked, emailText, faulty } from './checked.ts';

const MOST_ACTS = 50;
const writeBody = z.strictObject({
  email: emailText,
  name: z.string().trim().min(1).max(200).nullish(),
  /** How the caller knows who acted, and from where they did. */
  identity: z
    .strictObject({ method: z.string().trim().min(1).max(60).default('api-key'), ip: z.string().max(45).nullish(), userAgent: z.string().max(400).nullish() })
    .default({ method: 'api-key' }),
  acts: z.array(actInput).min(1).max(MOST_ACTS),
});

/** `POST /api/v1/consents`: acts of one person. All or none. */
export async function writeConsents({ flow, key, body, idempotencyKey }: ApiRequest): Promise<ApiAnswer> {
  const { email, name, identity, acts: given } = checked(writeBody, body);
  const now = flow.clock.now();
  const texts = await listTexts(flow.db, key.tenant);
  const acts = given.map((one, place): ConsentGiven => {
    const read = readAct(one, texts, { how: 'api', source: `key ${key.id}`, now });
    if (!read.ok) throw faulty(`acts.${place}.${read.path}`, read.say);
    return read.act;
  });
  const who = { name: name ?? null, email, method: identity.method, ip: identity.ip ?? null, userAgent: identity.userAgent ?? null };
  const reportKey = `api|${key.id}|${idempotencyKey ?? newId('req', now)}`;
  const { correlation, person } = await flow.db
    .transaction()
    .execute((tx) => putReport(flow, tx, key.tenant, { key: reportKey, email, acts, identity: who }, `API key ${key.name}`));
  flow.wake.inbox();
  return { status: 202, body: { person, correlation, acts: acts.length } };
}

const readQuery = z.object({ email: emailText });

/** `GET /api/v1/consents?email=`: what stands now, and every act behind it. Somebody who is not known has said nothing. */
export async function readConsents({ flow, key, query }: ApiRequest): Promise<ApiAnswer> {
  const { email } = checked(readQuery, query);
  const person = await findPersonByEmail(flow.db, flow.sealer, key.tenant, email);
  if (person === null) return { status: 200, body: { person: null, state: [], acts: [] } };
  const known = (await actsOf(flow.db, key.tenant, [person])).get(person) ?? [];
  const rows = await listConsents(flow.db, key.tenant, person);
  const state = presentState(known, flow.clock.now()).map(({ topic, status, act }) => ({ ...topic, status, since: new Date(act.capturedAt).toISOString(), consent: act.id }));
  const acts = rows.map((row) => ({
    id: row.id,
    type: row.type,
    purpose: row.purpose,
    channel: row.channel,
    status: row.status,
    text: row.text_name === null ? null : { name: row.text_name, version: row.text_version, hash: row.text_hash },
    locale: row.locale,
    jurisdiction: row.jurisdiction,
    basis: row.basis,
    how: row.how,
    capturedAt: new Date(row.captured_at).toISOString(),
    hash: row.hash,
  }));
  return { status: 200, body: { person, state, acts } };
}
