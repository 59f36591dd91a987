import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { keyIdOf } from '#lib/seal';
import { countSealed, listRootKeys, type KeyUse } from '#store/sealed';
import { rewrap } from '#flow/rewrap';
import { loadConfig } from '../config.ts';
import { readRootKeys } from '../root-keys.ts';
import type { World } from '../world.ts';
import { JSON_OUT, print, printJson, printTable, withWorld } from './command.ts';

export interface KeyState {
  id: string;
  state: 'current' | 'opens' | 'unused';
  /** Where it comes from. */
  where: string;
  firstUsedAt: number | null;
  values: number;
  in: Record<string, number>;
}

export function keyCommands(program: Command): void {
  const keys = program.command('keys').description('The root keys under which secrets are sealed.');
  keys
    .command('list')
    .description('Keys, where they come from, and how many values each holds.')
    .option(...JSON_OUT)
    .action(async (options: { json?: boolean }) => {
      const states = await withWorld(keyStates);
      if (options.json) return printJson(states);
      printTable([['KEY', 'STATE', 'VALUES', 'FIRST USED', 'SOURCE'], ...states.map(rowOf)]);
      const older = states.filter(({ state, values }) => state !== 'current' && values > 0);
      if (older.length > 0) print('\nValues are still under an older key: countersign keys rewrap seals them anew.');
      else if (states.length > 1) print('\nThe older keys hold nothing any more. They may be taken out of the configuration.');
    });
  keys
    .command('rotate')
    .description('Make a new key. Writes it into a key file; for other sources says what to do.')
    .option(...JSON_OUT)
    .action((options: { json?: boolean }) => rotate(options.json === true));
  keys
    .command('rewrap')
    .description('Seal every value under the current key, while the server runs. Can be broken off and run again. Exit code 1 if something does not open.')
    .option(...JSON_OUT)
    .action(async (options: { json?: boolean }) => {
      const told = (line: string) => void (options.json || process.stderr.write(line));
      const { result, states } = await withWorld(async (world) => {
        const result = await rewrap(world.flow, { tell: ({ table, column, done }) => told(`\r${table}.${column}: ${done}   `) });
        if (result.done > 0) told('\n');
        return { result, states: await keyStates(world) };
      });
      if (options.json) printJson({ ...result, keys: states });
      else {
        print(result.done === 0 ? 'Everything is under the current key.' : `${result.done === 1 ? '1 value is' : `${result.done} values are`} sealed anew.`);
        for (const { id, state, values } of states)
          if (state !== 'current' && values > 0) print(`${values} values are still under ${id}. Restart the servers that seal with it, then run this again.`);
        if (result.closed > 0) print(`${result.closed} values do not open with any key at hand. See docs/keys.md.`);
      }
      if (result.closed > 0) process.exitCode = 1;
    });
}

function rowOf({ id, state, values, firstUsedAt, where, in: columns }: KeyState): string[] {
  const spread = Object.entries(columns).map(([name, count]) => `${name} ${count}`);
  return [id, state, values === 0 ? '0' : `${values} (${spread.join(', ')})`, firstUsedAt === null ? 'never' : new Date(firstUsedAt).toISOString(), where];
}

export async function keyStates({ db, config, flow }: World): Promise<KeyState[]> {
  const [keys, uses, known] = [await readRootKeys(config.keys, flow.clock.now()), await countSealed(db), await listRootKeys(db)];
  const sum = (of: readonly KeyUse[]) => of.reduce((total, { count }) => total + count, 0);
  return keys.map(({ id, where }) => {
    const held = uses.filter(({ key }) => key === id);
    const firstUsedAt = known.find((one) => one.id === id)?.first_used_at ?? null;
    const state = id === flow.sealer.current ? 'current' : held.length > 0 || firstUsedAt !== null ? 'opens' : 'unused';
    return { id, state, where, firstUsedAt, values: sum(held), in: Object.fromEntries(held.map(({ name, count }) => [name, count])) };
  });
}

/** Puts a new key in front of those in the key file; they stay behind it and open what they sealed. */
function rotate(json: boolean): void {
  const [current] = loadConfig(process.env).keys;
  const fresh = randomBytes(32);
  const id = keyIdOf(fresh);
  if (current?.kind !== 'file') {
    const text = fresh.toString('base64');
    if (json) return printJson({ id, key: text, written: null });
    print(`A new key, ${id}. It is shown this once and is written nowhere:\n\n  ${text}\n`);
    print('Put it where COUNTERSIGN_KEY comes from, and the present one into COUNTERSIGN_OLD_KEYS. Restart, then run countersign keys rewrap.');
    return print('Where several processes run, let all of them know the new key first, as one of COUNTERSIGN_OLD_KEYS: docs/keys.md.');
  }
  const path = current.where;
  const written = `${path}.new`;
  writeFileSync(written, `${fresh.toString('base64')}\n${readFileSync(path, 'utf8').trim()}\n`, { mode: 0o600, flag: 'wx', flush: true });
  chmodSync(written, 0o600);
  renameSync(written, path);
  if (json) return printJson({ id, written: path });
  print(`${id} is the first key of ${path} now; the older ones stay behind it.`);
  print('Restart the server: it then seals with the new key. Until then it opens what is under either. After that, countersign keys rewrap.');
}
