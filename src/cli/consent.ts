import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { projectRoot } from '#lib/root';
import { Problem } from '#core/problem';
import { rotateSigningKey } from '#flow/proof/signing';
import { readTexts } from '#flow/proof/text-file';
import { listTexts } from '#store/consent-texts';
import { importCommand } from './import.ts';
import { JSON_OUT, TENANT, chooseTenant, print, printJson, printTable, withWorld } from './command.ts';
import { personCommands } from './consent-person.ts';

interface Common {
  tenant?: string;
  json?: boolean;
}

const iso = (at: number): string => new Date(at).toISOString();
const BY = 'command line';

export function consentCommands(program: Command): void {
  const consent = program.command('consent').description('What people agreed to, which words they saw, and the proof of it.');
  textCommands(consent);
  personCommands(consent);
  importCommand(consent);

  consent
    .command('verify')
    .description('Check an unpacked bundle with the script that ships here. Exit code 1 if anything is wrong. Needs no database.')
    .argument('<folder>')
    .option('--key <file>', 'the public key that the bundle has to be signed with')
    .option('--tsa <file>', 'certificates of the time-stamping authority, in PEM')
    .option('--document <file>', 'the signed document that you hold')
    .option(...JSON_OUT)
    .action((folder: string, options: { key?: string; tsa?: string; document?: string; json?: boolean }) => {
      const args = (['key', 'tsa', 'document'] as const).flatMap((name) => (options[name] === undefined ? [] : [`--${name}`, resolve(options[name])]));
      // Ours, not the one in the bundle: that one is somebody else's program.
      const run = spawnSync('sh', [join(projectRoot, 'src/flow/proof/verify.sh'), resolve(folder), ...args], { encoding: 'utf8' });
      if (run.error) throw new Problem('feature.unsupported', { say: 'There is no POSIX shell (sh) here to run the check with.', cause: run.error });
      const of = (mark: string) => run.stdout.split('\n').flatMap((line) => (line.startsWith(mark) ? [line.slice(mark.length).trim()] : []));
      if (options.json) printJson({ ok: run.status === 0, faults: of('FAULT'), proven: of('Proven:'), notProven: of('Not proven:') });
      else process.stdout.write(run.stdout + run.stderr);
      process.exitCode = run.status === 0 ? 0 : 1;
    });

  consent
    .command('rotate-key')
    .description('Sign heads with a fresh key from now on. What the old one signed stays verifiable.')
    .option(...JSON_OUT)
    .action(async (options: { json?: boolean }) => {
      const { id, public_key } = await withWorld((world) => rotateSigningKey(world.flow));
      if (options.json) return printJson({ id, publicKey: public_key });
      print(`Heads are signed with key ${id} from now on. Its public part:\n\n${public_key}`);
    });
}

function textCommands(consent: Command): void {
  consent
    .command('texts')
    .description('Every version of every wording.')
    .option(...TENANT)
    .option(...JSON_OUT)
    .action(async (options: Common) => {
      const texts = await withWorld(async (world) => listTexts(world.db, await chooseTenant(world, options.tenant)));
      if (options.json) return printJson(texts);
      if (texts.length === 0) return print('No text is published yet: countersign consent publish mappings/consent/texts.yaml');
      const rows = texts.map((one) => [
        one.name,
        one.locale,
        String(one.version),
        [one.type, one.purpose, one.channel].filter(Boolean).join(' '),
        iso(one.valid_from),
        one.hash.slice(0, 16),
        one.title,
      ]);
      printTable([['NAME', 'LOCALE', 'VERSION', 'ABOUT', 'VALID FROM', 'SHA-256', 'TITLE'], ...rows]);
    });

  consent
    .command('publish')
    .description('Publish the texts of a YAML file. Equal words change nothing; other words become the next version.')
    .argument('<file>')
    .option(...TENANT)
    .option(...JSON_OUT)
    .action(async (file: string, options: Common) => {
      const published = await withWorld(async (world) => {
        const tenant = await chooseTenant(world, options.tenant);
        const known = new Set((await listTexts(world.db, tenant)).map(({ id }) => id));
        const done = [];
        for (const text of readTexts(readGiven(file), world.flow.clock.now())) {
          const row = await world.desk.publishText(tenant, text, BY);
          done.push({ id: row.id, name: row.name, locale: row.locale, version: row.version, hash: row.hash, fresh: !known.has(row.id) });
        }
        return done;
      });
      if (options.json) return printJson(published);
      for (const one of published) print(`${one.fresh ? 'published' : 'unchanged'}  ${one.name} ${one.locale} version ${one.version}  ${one.hash}`);
    });
}

function readGiven(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new Problem('request.not-found', { say: `There is no file ${file}.` });
  }
}
