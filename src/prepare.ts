import { migrate, type Db } from '#store/database';
import { findMark, isHalfMoved } from '#store/moves';
import { claimSetting } from '#store/settings';
import { ConfigError, type Config } from './config.ts';

/**
 * Brings a database up to date and holds it to the mode of its first start. The sandbox signs with secrets that stand in the source: whoever could have a live
 * database opened with them could write webhooks for its accounts. Returns the migrations that ran. @throws ConfigError
 */
export async function prepareDatabase(db: Db, mode: Config['mode']): Promise<string[]> {
  const ran = await migrate(db);
  await refuseMoved(db);
  const held = await claimSetting(db, 'mode', mode);
  if (held !== mode)
    throw new ConfigError(
      `This database belongs to a server in ${held} mode and cannot be opened in ${mode} mode. Set COUNTERSIGN_MODE=${held}, or COUNTERSIGN_DATABASE to another database.`,
    );
  return ran;
}

/** Two servers on two copies would each send what the other has sent. @throws ConfigError */
async function refuseMoved(db: Db): Promise<void> {
  if (await isHalfMoved(db))
    throw new ConfigError('This database is being filled by countersign move, which has not come to its end. Run the same command again: it goes on where it was broken off.');
  const mark = await findMark(db);
  if (!mark) return;
  const where = mark.whole ? `was moved to ${mark.to}` : `is being moved to ${mark.to}, and the move has not come to its end`;
  throw new ConfigError(`This database ${where} (${new Date(mark.at).toISOString()}). Start the server there, or let go of this one with countersign move --undo --from <it>.`);
}
