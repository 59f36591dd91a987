import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Sealer } from '#lib/seal';
import type { CaptureId, TenantId } from '#core/ids';

/** How long the page after a post leads to the document. The address is a key to it: whoever has it may sign. */
export const WAITING_MS = 7 * 86_400_000;

interface Waiting {
  tenant: TenantId;
  post: CaptureId;
}

/** A key of its own, so that nothing else that is signed here passes for it. The post's id would not do: it stands in ledgers. */
function macOf(sealer: Sealer, { tenant, post }: Waiting, until: string): Buffer {
  const key = createHmac('sha256', sealer.lookupKey).update('capture waiting').digest();
  return createHmac('sha256', key)
    .update(JSON.stringify([tenant, post, until]))
    .digest();
}

/** Given to whoever posted, and to nobody else. */
export function signWaiting(sealer: Sealer, waiting: Waiting, now: number): string {
  const until = String(now + WAITING_MS);
  return `${until}.${macOf(sealer, waiting, until).toString('base64url')}`;
}

/** Whether a token is of this very post and still good. */
export function readWaiting(sealer: Sealer, token: string, waiting: Waiting, now: number): boolean {
  const [until = '', mac = '', ...rest] = token.length > 200 ? [] : token.split('.');
  const given = Buffer.from(mac, 'base64url');
  const right = macOf(sealer, waiting, until);
  return rest.length === 0 && given.length === right.length && timingSafeEqual(given, right) && now < Number(until);
}
