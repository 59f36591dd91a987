import type { ConsentChannel, ConsentType } from '#core/consent';
import type { ConsentId, ConsentTextId, InstallId, PersonId, TenantId } from '#core/ids';
import type { Sealed, Time } from '#store/columns';

/** A published wording. No version ever changes; a new one supersedes it. */
export interface ConsentTextsTable {
  tenant: TenantId;
  id: ConsentTextId;
  /** Names the text through its versions and locales. */
  name: string;
  version: number;
  type: ConsentType;
  purpose: string | null;
  channel: ConsentChannel | null;
  locale: string;
  jurisdiction: string | null;
  title: string;
  wording: string;
  /** SHA-256 of the normalised wording. */
  hash: string;
  valid_from: Time;
  published_at: Time;
  published_by: string;
}
/** Who a consent act was by and how that is known; null once erased. */
export interface ConsentPersonalTable {
  tenant: TenantId;
  consent: ConsentId;
  person: PersonId;
  personal: Sealed | null;
}
/** Which contact of an account a person is. */
export interface PersonRecordsTable {
  tenant: TenantId;
  install: InstallId;
  contact: string;
  person: PersonId;
  linked_at: Time;
}
