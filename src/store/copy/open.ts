import { postgresSide } from '#store/copy/postgres-side';
import type { Side } from '#store/copy/side';
import { sqliteSide } from '#store/copy/sqlite-side';

/** Opens one end of a move and takes it for this process alone. @throws Problem `store.in-use` while a server, or anybody else, has it open */
export function openSide(address: string): Promise<Side> {
  return /^postgres(ql)?:/.test(address) ? postgresSide(address) : Promise.resolve().then(() => sqliteSide(address));
}
