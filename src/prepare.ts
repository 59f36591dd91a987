import { migrate, type Db } from '#store/database';
import { claimSetting } from '#store/settings';
import { ConfigError, type Config } from './config.ts';

/**
 * Brings a database up to date and holds it to the mode of its first start. The sandbox signs with secrets that stand in the source: whoever could have a live
 * database opened with them could write webhooks for its accounts. Returns the migrations that ran. @throws ConfigError
 */
export async function prepareDatabase(db: Db, mode: Config['mode']): Promise<string[]> {
  const ran = await migrate(db);
  const held = await claimSetting(db, 'mode', mode);
  if (held !== mode)
    throw new ConfigError(
      `This database belongs to a server in ${held} mode and cannot be opened in ${mode} mode. Set COUNTERSIGN_MODE=${held}, or COUNTERSIGN_DATABASE to another database.`,
    );
  return ran;
}
