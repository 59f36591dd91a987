import { newId } from '#lib/ids';
import { testEvent } from '#core/events';
import type { Correlation, EnvelopeId, TenantId } from '#core/ids';
import { putEndpoint } from '#store/endpoints';
import { putMessages } from '#store/messages';
import type { World } from './world.ts';

const MINUTE = 60_000;

/** An endpoint with a message in each state; all of its texts carry `name`. */
export async function seedEndpoint(
  { db, clock }: World,
  { tenant, envelope, correlation, name }: { tenant: TenantId; envelope: EnvelopeId; correlation: Correlation; name: string },
): Promise<{ endpoint: string; message: string }> {
  const now = clock.now();
  const given = { url: `https://hooks.example.com/${name.toLowerCase()}`, events: [], description: `Warehouse of ${name}`, createdBy: 'operator' };
  return db.transaction().execute(async (tx) => {
    const { id } = await putEndpoint(tx, tenant, given, () => 'sealed', now - 60 * MINUTE);
    const types = ['document_sent', 'document_viewed', 'document_partially_signed', 'document_completed'] as const;
    const told = types.map((type, index) => {
      const payload = JSON.stringify({ ...testEvent(id, now), type, note: name });
      return { endpoint: id, key: `${newId('fct')}|${envelope}`, ordinal: index, type, at: now - (40 - index * 9) * MINUTE, payload, envelope, correlation };
    });
    const ids: string[] = [];
    for (const one of told) ids.push(...(await putMessages(tx, tenant, [one], one.at)));
    const [sent, viewed, signed] = ids;
    const settle = (message: string | undefined, set: { state: 'done' | 'failed'; status: number; answer: string; error: string | null; attempts: number }) =>
      tx
        .updateTable('messages')
        .set(set)
        .where('tenant', '=', tenant)
        .where('id', '=', message as `msg_${string}`)
        .execute();
    await settle(sent, { state: 'done', status: 200, answer: `ok, ${name}`, error: null, attempts: 1 });
    await settle(viewed, { state: 'done', status: 204, answer: '', error: null, attempts: 2 });
    await settle(signed, { state: 'failed', status: 500, answer: `<b>${name}</b>`, error: 'It answered 500.', attempts: 10 });
    return { endpoint: id, message: signed ?? '' };
  });
}
