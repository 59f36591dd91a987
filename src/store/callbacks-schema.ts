import type { InstallId, TenantId } from '#core/ids';
import type { Time } from '#store/columns';

/** A workflow of the CRM that waits for what becomes of a send. */
export interface CallbacksTable {
  tenant: TenantId;
  install: InstallId;
  /** The vendor's own id of the wait. */
  callback: string;
  deal: string;
  created_at: Time;
  /** When the vendor waits no longer. */
  expires_at: Time;
}
