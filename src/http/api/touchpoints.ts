import * as z from 'zod';
import { readTouches } from '#core/touch';
import { ensurePerson } from '#store/people';
import { recordTouches } from '#store/touches';
import type { ApiAnswer, ApiRequest } from '#http/api';
import { checked, emailText, faulty } from './checked.ts';

const writeBody = z.strictObject({ email: emailText, touchpoints: z.array(z.unknown()).min(1) });

/** `POST /api/v1/touchpoints`: how one person came. What is known already adds nothing, so that telling it again is harmless. */
export async function writeTouchpoints({ flow, key, body }: ApiRequest): Promise<ApiAnswer> {
  const { email, touchpoints } = checked(writeBody, body);
  const now = flow.clock.now();
  const read = readTouches(touchpoints, now);
  if (!read.ok) throw faulty(read.path === '' ? 'touchpoints' : `touchpoints.${read.path}`, read.say);
  const fresh = await flow.db.transaction().execute(async (tx) => {
    const { id } = await ensurePerson(tx, flow.sealer, key.tenant, email);
    return recordTouches(tx, key.tenant, id, read.touches, 'api', now);
  });
  return { status: 200, body: { recorded: fresh.length, known: read.touches.length - fresh.length, notes: read.notes } };
}
