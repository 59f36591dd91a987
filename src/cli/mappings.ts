import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { diffMappings, writeChanges } from '#core/mapping/diff';
import { checkParsed } from '#core/mapping/check';
import { parseMapping } from '#core/mapping/parse';
import { MAPPING_KINDS, mappingJsonSchema, type AnyMapping, type MappingKind } from '#core/mapping/schema';
import type { TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import type { MappingFault } from '#flow/desk';
import { sayNotConnected } from '#flow/rule-book';
import { listMappings } from '#store/mappings';
import type { World } from '../world.ts';
import { JSON_OUT, TENANT, chooseTenant, print, printJson, printTable, withWorld } from './command.ts';
import { printDryRun } from './dry-run.ts';

interface Common {
  tenant?: string;
  crm?: string;
  json?: boolean;
}

export function mappingCommands(program: Command): void {
  const mappings = program.command('mappings').description('Check, try and compare mappings.');

  mappings
    .command('check')
    .description('Every fault of mapping files, or of the active mappings against the account as last seen.')
    .argument('[files...]', 'YAML files; without any, the active mappings')
    .option('--tenant <id>', 'whose account files are checked against')
    .option('--crm <id>', 'the id of its connector, where several are connected')
    .option('--json', 'faults as JSON')
    .action(async (files: string[], options: Common) => {
      const alone = files.length > 0 && options.tenant === undefined;
      const faults = alone ? checkFiles(files) : await withWorld((world) => checkAgainstAccount(world, files, options));
      if (options.json) printJson(faults);
      else {
        printFaults(faults, namesOf(files));
        if (alone) print('The files were looked at by themselves. With --tenant they are checked against the fields, stages and templates of its accounts too.');
      }
      if (faults.some((fault) => fault.level === 'error')) process.exitCode = 1;
    });

  mappings
    .command('dry-run')
    .description('What would be sent and written back for a deal. Nothing is. The CRM is asked for the deal.')
    .argument('<deal>', "the deal's id in the CRM")
    .argument('[files...]', 'YAML files to try instead of the active mappings')
    .option(...TENANT)
    .option('--crm <id>', 'the id of its connector, where several are connected')
    .option('--request', 'as if a person pressed Send for signature; by default as the deal stands', false)
    .option('--json', 'the whole result as JSON')
    .action(async (deal: string, files: string[], options: Common & { request: boolean }) => {
      const request = options.request ? { key: 'dry-run', by: 'command line' } : undefined;
      const run = await withWorld(async (world) => world.desk.dryRun(await chooseTenant(world, options.tenant), deal, textsOf(files), request, options.crm));
      if (options.json) printJson(run);
      else printDryRun(run, options.request);
      if (!run.decision.send) process.exitCode = 1;
    });

  mappings
    .command('versions')
    .description('The versions of each mapping, newest first.')
    .argument('[kind]', MAPPING_KINDS.join(', '))
    .option(...TENANT)
    .option('--crm <id>', 'the id of its connector, where several are connected')
    .option(...JSON_OUT)
    .action(async (kind: string | undefined, options: Common) => {
      const kinds = kind === undefined ? MAPPING_KINDS : [kindOf(kind)];
      const versions = await withWorld(async (world) => {
        const tenant = await chooseTenant(world, options.tenant);
        const crms = await crmsOf(world, tenant, options.crm);
        return (await Promise.all(crms.flatMap((crm) => kinds.map((one) => listMappings(world.db, tenant, crm, one))))).flat();
      });
      const shown = versions.map(({ text: _text, ...version }) => version);
      if (options.json) return printJson(shown);
      const rows = shown.map((one) => [
        one.crm,
        one.kind,
        String(one.version),
        one.active ? 'active' : '',
        one.frozen_at ? 'in use' : '',
        new Date(one.created_at).toISOString(),
        one.created_by,
        one.note,
      ]);
      printTable([['CRM', 'KIND', 'VERSION', '', '', 'MADE', 'BY', 'NOTE'], ...rows]);
    });

  mappings
    .command('diff')
    .description('What differs between two versions.')
    .argument('<kind>', MAPPING_KINDS.join(', '))
    .argument('<before>', 'version number, or a file')
    .argument('<after>', 'version number, or a file')
    .option(...TENANT)
    .option('--crm <id>', 'the id of its connector, where several are connected')
    .option(...JSON_OUT)
    .action(async (kind: string, before: string, after: string, options: Common) => {
      const changes = await withWorld(async (world) => {
        const tenant = await chooseTenant(world, options.tenant);
        const crm = await onlyCrm(world, tenant, options.crm);
        const of = (which: string) => mappingOf(world, tenant, crm, kindOf(kind), which);
        return diffMappings(await of(before), await of(after));
      });
      if (options.json) return printJson(changes);
      print(changes.length === 0 ? 'No difference.' : writeChanges(changes).join('\n'));
    });

  mappings
    .command('schema')
    .description('The JSON Schema of mapping files, for editors.')
    .action(() => printJson(mappingJsonSchema()));
}

function kindOf(text: string): MappingKind {
  const kind = MAPPING_KINDS.find((one) => one === text);
  if (!kind) throw new Problem('request.malformed', { say: `"${text}" is not a kind of mapping. It is one of ${MAPPING_KINDS.join(', ')}.` });
  return kind;
}

/** The kind of a file: what it says of itself, or its name. */
function kindOfFile(file: string, text: string): MappingKind {
  const said = /^kind:\s*(\w+)/m.exec(text)?.[1] ?? basename(file).replace(/\.ya?ml$/, '');
  const kind = MAPPING_KINDS.find((one) => one === said);
  if (!kind)
    throw new Problem('request.malformed', {
      say: `${file} does not say what it is. A mapping begins with a line such as "kind: send"; the kinds are ${MAPPING_KINDS.join(', ')}.`,
    });
  return kind;
}

const namesOf = (files: readonly string[]): Partial<Record<MappingKind, string>> => Object.fromEntries(files.map((file) => [kindOfFile(file, textOf(file)), file]));

function textsOf(files: readonly string[]): Partial<Record<MappingKind, string>> {
  const texts = new Map<MappingKind, { file: string; text: string }>();
  for (const file of files) {
    const text = textOf(file);
    const kind = kindOfFile(file, text);
    const other = texts.get(kind);
    if (other) throw new Problem('request.malformed', { say: `${other.file} and ${file} are both a ${kind} mapping. Name one of each kind.` });
    texts.set(kind, { file, text });
  }
  return Object.fromEntries([...texts].map(([kind, { text }]) => [kind, text]));
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Problem('request.not-found', { say: `The file ${file} cannot be read. See whether it is there.`, cause });
  }
}

function checkFiles(files: readonly string[]): MappingFault[] {
  const texts = textsOf(files);
  const parsed = MAPPING_KINDS.flatMap((kind) => (texts[kind] === undefined ? [] : [parseMapping(kind, texts[kind])]));
  return checkParsed(parsed, { schema: null, templates: null });
}

async function checkAgainstAccount(world: World, files: readonly string[], options: Common): Promise<MappingFault[]> {
  return world.desk.checkMappings(await chooseTenant(world, options.tenant), textsOf(files), options.crm);
}

/** The connected CRMs, or the one that was asked for. @throws Problem where it is not connected */
async function crmsOf(world: World, tenant: TenantId, asked: string | undefined): Promise<string[]> {
  const crms = await world.desk.crms(tenant);
  if (asked === undefined) return crms;
  if (!crms.includes(asked)) throw new Problem('install.absent', { say: sayNotConnected(asked, crms) });
  return [asked];
}

/** @throws Problem where there are several, or none */
async function onlyCrm(world: World, tenant: TenantId, asked: string | undefined): Promise<string> {
  const [only, ...others] = await crmsOf(world, tenant, asked);
  if (only !== undefined && others.length === 0) return only;
  const say = only === undefined ? 'No CRM is connected.' : `Several CRMs are connected. Say which with --crm: ${[only, ...others].join(' or ')}.`;
  throw new Problem('request.malformed', { say });
}

async function mappingOf(world: World, tenant: TenantId, crm: string, kind: MappingKind, which: string): Promise<AnyMapping> {
  const version = /^\d+$/.test(which) ? (await listMappings(world.db, tenant, crm, kind)).find((one) => one.version === Number(which)) : undefined;
  if (/^\d+$/.test(which) && !version) throw new Problem('request.not-found', { say: `There is no version ${which} of the ${kind} mapping.` });
  const text = version?.text ?? textOf(which);
  const said = version ? kind : kindOfFile(which, text);
  if (said !== kind)
    throw new Problem('request.malformed', { say: `${which} is a ${said} mapping, and is compared with another of its kind: mappings diff ${said} <before> <after>.` });
  const parsed = parseMapping(kind, text);
  const where = version ? `version ${which}` : which;
  if (!parsed.ok) throw new Problem('mapping.faulty', { say: parsed.faults.map((fault) => sayFault(fault, where)).join('\n') });
  return parsed.mapping;
}

function printFaults(faults: readonly MappingFault[], names: Partial<Record<MappingKind, string>>): void {
  if (faults.length === 0) return print('No faults.');
  for (const fault of faults) {
    print(sayFault(fault, names[fault.kind] ?? `${fault.kind}.yaml`));
  }
  const errors = faults.filter((fault) => fault.level === 'error').length;
  print(`\n${counted(errors, 'error')}, ${counted(faults.length - errors, 'warning')}.`);
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

const sayFault = ({ line, column, level, path, say, suggestion }: MappingFault, where: string): string =>
  `${`${where}:${line}:${column}  ${level}  ${path}`.trimEnd()}\n    ${say}${suggestion === undefined ? '' : ` Did you mean ${suggestion}?`}`;
