import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { diffMappings, writeChanges } from '#core/mapping/diff';
import { checkMapping } from '#core/mapping/check';
import { parseMapping } from '#core/mapping/parse';
import { MAPPING_KINDS, mappingJsonSchema, type AnyMapping, type MappingKind } from '#core/mapping/schema';
import type { TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import type { DryRun, MappingFault } from '#flow/desk';
import { listMappings } from '#store/mappings';
import type { World } from '../world.ts';
import { chooseTenant, print, printJson, printTable, withWorld } from './command.ts';

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
      const faults = files.length > 0 && options.tenant === undefined ? checkFiles(files) : await withWorld((world) => checkAgainstAccount(world, files, options));
      if (options.json) printJson(faults);
      else printFaults(faults);
      if (faults.some((fault) => fault.level === 'error')) process.exitCode = 1;
    });

  mappings
    .command('dry-run')
    .description('What would be sent and written back for a deal. Nothing is. The CRM is asked for the deal.')
    .argument('<deal>', "the deal's id in the CRM")
    .argument('[files...]', 'YAML files to try instead of the active mappings')
    .option('--tenant <id>')
    .option('--crm <id>', 'the id of its connector, where several are connected')
    .option('--json', 'the whole result as JSON')
    .action(async (deal: string, files: string[], options: Common) => {
      const run = await withWorld(async (world) => world.desk.dryRun(await chooseTenant(world, options.tenant), deal, textsOf(files), undefined, options.crm));
      if (options.json) printJson(run);
      else printDryRun(run);
      if (!run.decision.send) process.exitCode = 1;
    });

  mappings
    .command('versions')
    .description('The versions of each mapping, newest first.')
    .argument('[kind]', MAPPING_KINDS.join(', '))
    .option('--tenant <id>')
    .option('--crm <id>', 'the id of its connector, where several are connected')
    .option('--json')
    .action(async (kind: string | undefined, options: Common) => {
      const kinds = kind === undefined ? MAPPING_KINDS : [kindOf(kind)];
      const versions = await withWorld(async (world) => {
        const tenant = await chooseTenant(world, options.tenant);
        const crms = options.crm === undefined ? await world.desk.crms(tenant) : [options.crm];
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
    .option('--tenant <id>')
    .option('--crm <id>', 'the id of its connector, where several are connected')
    .option('--json')
    .action(async (kind: string, before: string, after: string, options: Common) => {
      const changes = await withWorld(async (world) => {
        const tenant = await chooseTenant(world, options.tenant);
        const crm = options.crm ?? (await onlyCrm(world, tenant));
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
  const said = /^kind:\s*(\w+)/m.exec(text)?.[1];
  return kindOf(said ?? basename(file).replace(/\.ya?ml$/, ''));
}

function textsOf(files: readonly string[]): Partial<Record<MappingKind, string>> {
  return Object.fromEntries(
    files.map((file) => {
      const text = readFileSync(file, 'utf8');
      return [kindOfFile(file, text), text];
    }),
  );
}

function checkFiles(files: readonly string[]): MappingFault[] {
  const texts = textsOf(files);
  const parsed = MAPPING_KINDS.flatMap((kind) => (texts[kind] === undefined ? [] : [parseMapping(kind, texts[kind])]));
  const set = Object.fromEntries(parsed.flatMap((one) => (one.ok ? [[one.mapping.kind, one.mapping] as const] : [])));
  return [...parsed.flatMap((one) => (one.ok ? [] : one.faults)), ...checkMapping(set, { schema: null, templates: null })];
}

async function checkAgainstAccount(world: World, files: readonly string[], options: Common): Promise<MappingFault[]> {
  return world.desk.checkMappings(await chooseTenant(world, options.tenant), textsOf(files), options.crm);
}

/** @throws Problem where there are several, or none */
async function onlyCrm(world: World, tenant: TenantId): Promise<string> {
  const [only, ...others] = await world.desk.crms(tenant);
  if (only !== undefined && others.length === 0) return only;
  const say = only === undefined ? 'No CRM is connected.' : `Several CRMs are connected. Say which with --crm: ${[only, ...others].join(' or ')}.`;
  throw new Problem('request.malformed', { say });
}

async function mappingOf(world: World, tenant: TenantId, crm: string, kind: MappingKind, which: string): Promise<AnyMapping> {
  const version = /^\d+$/.test(which) ? (await listMappings(world.db, tenant, crm, kind)).find((one) => one.version === Number(which)) : undefined;
  if (/^\d+$/.test(which) && !version) throw new Problem('request.not-found', { say: `There is no version ${which} of the ${kind} mapping.` });
  const parsed = parseMapping(kind, version?.text ?? readFileSync(which, 'utf8'));
  if (!parsed.ok) throw new Problem('mapping.faulty', { say: parsed.faults.map((fault) => `${fault.line}:${fault.column} ${fault.path}: ${fault.say}`).join('\n') });
  return parsed.mapping;
}

function printFaults(faults: readonly MappingFault[]): void {
  if (faults.length === 0) return print('No faults.');
  for (const fault of faults) {
    print(
      `${fault.kind}.yaml:${fault.line}:${fault.column}  ${fault.level}  ${fault.path}\n    ${fault.say}${fault.suggestion === undefined ? '' : ` Did you mean ${fault.suggestion}?`}`,
    );
  }
  const errors = faults.filter((fault) => fault.level === 'error').length;
  print(`\n${errors} errors, ${faults.length - errors} warnings.`);
}

function printDryRun({ deal, decision, writes, steps }: DryRun): void {
  print(`${deal.name} (${deal.id}), at ${deal.stage}\n`);
  if (!decision.send) {
    print('Nothing would be sent:');
    for (const reason of decision.reasons) print(`  - ${reason.say}${reason.path ? `  [${reason.path}]` : ''}`);
    return;
  }
  const { plan } = decision;
  print(`Would send "${plan.template.name}" by rule ${plan.rule}: ${plan.subject}\n`);
  printTable([['ORDER', 'ROLE', 'NAME', 'E-MAIL'], ...plan.recipients.map((one) => [String(one.order), one.role, one.name, one.email])]);
  print();
  printTable([['ROLE', 'FIELD', 'VALUE'], ...plan.fields.map((field) => [field.role, field.label, field.value])]);
  print('\nWould write back:');
  for (const { status, writes: some } of writes) {
    for (const write of some)
      print(
        `  ${status}: ${write.record.type} ${write.record.id}: ${Object.entries(write.set)
          .map(([field, value]) => `${field}=${String(value)}`)
          .join(', ')}`,
      );
  }
  for (const step of steps) print(`  ${step.status}: ${step.say}`);
}
