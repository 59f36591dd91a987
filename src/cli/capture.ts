import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { ApiKeyId } from '#core/ids';
import { Problem } from '#core/problem';
import { API_SCOPES, listApiKeys } from '#store/api-keys';
import { listCapturePages } from '#store/capture-pages';
import { JSON_OUT, TENANT, chooseTenant, print, printJson, printTable, withWorld } from './command.ts';

const BY = 'command line';

interface Common {
  tenant?: string;
  json?: boolean;
}

/** `countersign capture` and `countersign api-keys`. */
export function captureCommands(program: Command): void {
  const capture = program.command('capture').description('Pages at which visitors leave their address and their consent.');
  capture
    .command('list')
    .description('The pages with what was posted.')
    .option(...TENANT)
    .option(...JSON_OUT)
    .action(async (options: Common) => {
      const pages = await withWorld(async (world) => listCapturePages(world.db, await chooseTenant(world, options.tenant)));
      if (options.json) return printJson(pages);
      const rows = pages.map(({ slug, version, open, posts, taken }) => [slug, String(version), open ? 'open' : 'closed', String(posts), String(taken)]);
      printTable([['PAGE', 'VERSION', 'STATE', 'POSTED', 'TAKEN'], ...rows]);
    });
  capture
    .command('save')
    .description('Check a page and show it as its next version.')
    .argument('<file>', 'YAML, such as mappings/consent/capture.yaml')
    .option('--note <text>', 'what was changed', '')
    .option(...TENANT)
    .option(...JSON_OUT)
    .action(async (file: string, options: Common & { note: string }) => {
      if (!existsSync(file)) throw new Problem('request.malformed', { say: `There is no file "${file}".` });
      const text = readFileSync(file, 'utf8');
      const saved = await withWorld(async (world) => world.desk.capture.save(await chooseTenant(world, options.tenant), text, options.note, BY));
      if (!saved.saved) process.exitCode = 1;
      if (options.json) return printJson(saved);
      if (saved.saved) return print(`${saved.slug}: version ${saved.version} is shown.`);
      for (const { line, level, say } of saved.faults) print(`  line ${line}, ${level}: ${say}`);
    });
  keyCommands(program);
}

function keyCommands(program: Command): void {
  const keys = program.command('api-keys').description('Keys with which programs use the API.');
  keys
    .command('list')
    .description('The keys and what each may do. A key itself is never shown again.')
    .option(...TENANT)
    .option(...JSON_OUT)
    .action(async (options: Common) => {
      const all = await withWorld(async (world) => listApiKeys(world.db, await chooseTenant(world, options.tenant)));
      if (options.json) return printJson(all);
      if (all.length === 0) return print('There is no key yet: countersign api-keys make <name> --scopes …');
      printTable([
        ['KEY', 'NAME', 'ENDS IN', 'SCOPES', 'STATE'],
        ...all.map(({ id, name, hint, scopes, revoked_at }) => [id, name, hint, scopes.join(' '), revoked_at === null ? 'good' : 'withdrawn']),
      ]);
    });
  keys
    .command('make')
    .description('Make a key. It is printed this once.')
    .argument('<name>', 'which program uses it')
    .requiredOption('--scopes <list>', `separated by commas: ${API_SCOPES.join(',')}`)
    .option(...TENANT)
    .option(...JSON_OUT)
    .action(async (name: string, options: Common & { scopes: string }) => {
      const scopes = options.scopes.split(',').map((scope) => scope.trim());
      const made = await withWorld(async (world) => world.desk.capture.makeKey(await chooseTenant(world, options.tenant), name, scopes, BY));
      if (options.json) printJson(made);
      else print(made.key);
    });
  keys
    .command('withdraw')
    .description('End a key. Whatever uses it is refused from now on.')
    .argument('<id>', 'of the key (key_…)')
    .option(...TENANT)
    .action(async (id: string, options: Common) => {
      await withWorld(async (world) => world.desk.capture.revokeKey(await chooseTenant(world, options.tenant), id as ApiKeyId, BY));
      print('The key is withdrawn.');
    });
}
