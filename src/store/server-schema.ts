import type { Generated } from 'kysely';
import type { Time } from '#store/columns';

/** What a database remembers of itself. */
export interface SettingsTable {
  /** `mode`: the mode of its first start. `entered`: that somebody has been in the console. `lookup-key`: the key of blind look-ups, sealed.
   * `moved`: where its rows went, so that no server starts on it. `restored`: which moment it came back from, and when. `backup`: in a backup, when it was made. */
  name: 'mode' | 'entered' | 'lookup-key' | 'moved' | 'restored' | 'backup';
  value: string;
}
/** A root key that sealed values of this database may need. */
export interface RootKeysTable {
  id: string;
  first_used_at: Time;
}
/** What one process at a time does for all of them. */
export interface LeasesTable {
  name: 'upkeep';
  lease_until: Time;
}
export interface MigrationsTable {
  name: string;
  at: Generated<Time>;
}
