import { createHmac, timingSafeEqual } from 'node:crypto';
import { newToken } from '#lib/ids';
import type { Sealer } from '#lib/seal';
import type { ConsentTextId, TenantId } from '#core/ids';
import type { TouchInput } from '#core/touch';

/** A form that is posted later than this is shown again: what it promised may no longer be so. */
export const FORM_MS = 24 * 3_600_000;
/** An address of 16 KB, the longest that Node takes, written in JSON as escapes. */
const LONGEST_TOKEN = 64_000;

/** What a form was when it was rendered. It travels in the form, signed, so that a post says exactly what its sender had before them. */
export interface FormToken {
  tenant: TenantId;
  slug: string;
  version: number;
  locale: string;
  /** Ids of the text versions, in the order of the page's consents. */
  texts: ConsentTextId[];
  /** SHA-256 of the consent part as it was rendered. */
  rendering: string;
  at: number;
  nonce: string;
  /** How the visitor came, as the address said. */
  touch: TouchInput | null;
}

/** A key of its own, so that nothing else that is signed here can pass for a form. */
const keyOf = (sealer: Sealer): Buffer => createHmac('sha256', sealer.lookupKey).update('capture form').digest();
const macOf = (sealer: Sealer, body: string): Buffer => createHmac('sha256', keyOf(sealer)).update(body).digest();

export const newNonce = (): string => newToken(16);

export function signForm(sealer: Sealer, token: FormToken): string {
  const body = Buffer.from(JSON.stringify(token)).toString('base64url');
  return `${body}.${macOf(sealer, body).toString('base64url')}`;
}

/** The form that a post belongs to; null where the token is none of ours, of another page, or too old. */
export function readForm(sealer: Sealer, text: string, page: { tenant: TenantId; slug: string }, now: number): FormToken | null {
  const [body = '', mac = '', ...rest] = text.length > LONGEST_TOKEN ? [] : text.split('.');
  const given = Buffer.from(mac, 'base64url');
  const right = macOf(sealer, body);
  if (rest.length > 0 || given.length !== right.length || !timingSafeEqual(given, right)) return null;
  const token = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as FormToken;
  return token.tenant === page.tenant && token.slug === page.slug && now - token.at < FORM_MS ? token : null;
}
