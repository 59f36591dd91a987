import type { ApiKeyId, CaptureId, Correlation, InstallId, PersonId, TenantId } from '#core/ids';
import type { Flag, JsonText, Sealed, Time } from '#store/columns';

/** A capture page as it was saved. No version ever changes. */
export interface CapturePagesTable {
  tenant: TenantId;
  slug: string;
  version: number;
  /** YAML, as a person wrote it. */
  text: string;
  hash: string;
  note: string;
  created_by: string;
  created_at: Time;
}
/** Which version of a page is shown, and whether it is. */
export interface CaptureStatesTable {
  tenant: TenantId;
  slug: string;
  version: number;
  open: Flag;
  updated_at: Time;
}
/** The consent part of a page as visitors saw it, by the SHA-256 of its bytes. */
export interface CaptureRenderingsTable {
  tenant: TenantId;
  hash: string;
  slug: string;
  version: number;
  locale: string;
  /** Ids of the text versions that it shows. */
  texts: JsonText;
  html: string;
  first_shown_at: Time;
}
/** What one visitor posted. */
export interface CapturePostsTable {
  tenant: TenantId;
  id: CaptureId;
  slug: string;
  version: number;
  locale: string;
  person: PersonId;
  /** The answers, sealed under the person's own key. */
  personal: Sealed;
  /** The CRM that takes the lead. */
  install: InstallId;
  correlation: Correlation;
  posted_at: Time;
  contact: string | null;
  deal: string | null;
  /** Whether the contact was made, rather than found. */
  created: Flag | null;
  done_at: Time | null;
}
export interface ApiKeysTable {
  tenant: TenantId;
  id: ApiKeyId;
  name: string;
  /** SHA-256 of the key, which itself is nowhere. */
  hash: string;
  /** Its last characters, so that a person can tell keys apart. */
  hint: string;
  scopes: JsonText;
  created_by: string;
  created_at: Time;
  used_at: Time | null;
  revoked_at: Time | null;
}
/** What a request with an `Idempotency-Key` was answered. */
export interface ApiCallsTable {
  tenant: TenantId;
  api_key: ApiKeyId;
  key: string;
  request_hash: string;
  status: number;
  body: JsonText;
  at: Time;
}
