import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { newId } from '#lib/ids';
import { CONSENT_CHANNELS, presentState, type ConsentChannel } from '#core/consent';
import type { PersonId, TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import { archiveOf } from '#flow/proof/archive';
import { actOf, findPersonOfContact, listConsents, openIdentity } from '#store/consents';
import { listInstalls } from '#store/installs';
import { findPersonByEmail } from '#store/people';
import type { World } from '../world.ts';
import { JSON_OUT, chooseTenant, print, printJson, printTable, withWorld } from './command.ts';

interface Whom {
  tenant?: string;
  json?: boolean;
  person?: string;
  email?: string;
  contact?: string;
}

const iso = (at: number): string => new Date(at).toISOString();
const BY = 'command line';

/** A command about one person, whoever it is named by. */
const aboutPerson = (command: Command): Command =>
  command
    .option('--person <id>', 'the person, by id (per_…)')
    .option('--email <address>', 'the person, by the address that they acted with')
    .option('--contact <id>', 'the person, by the id of a contact in a connected CRM')
    .option('--tenant <id>', 'whose ledger; needed where there are several tenants')
    .option(...JSON_OUT);

/** What is asked and done about one person: show, withdraw, export. */
export function personCommands(consent: Command): void {
  aboutPerson(consent.command('show').description('What stands for a person now, and how it came to that.')).action(async (options: Whom) => {
    const known = await withWorld(async (world) => {
      const { tenant, person } = await whom(world, options);
      const rows = await listConsents(world.db, tenant, person);
      return {
        person,
        state: presentState(rows.map(actOf), world.flow.clock.now()).map(({ topic, status, act }) => ({ ...topic, status, since: iso(act.capturedAt), record: act.id })),
        acts: rows,
      };
    });
    if (options.json) return printJson(known);
    print(`${known.person}\n`);
    printTable([['ABOUT', 'NOW', 'SINCE'], ...known.state.map((one) => [[one.type, one.purpose, one.channel].filter(Boolean).join(' '), one.status, one.since])]);
    print();
    const rows = known.acts.map((row) => [
      String(row.seq),
      iso(row.captured_at),
      [row.type, row.purpose, row.channel].filter(Boolean).join(' '),
      row.status,
      row.how,
      row.text_name ? `${row.text_name} v${String(row.text_version)}` : '',
      row.id,
    ]);
    printTable([['ENTRY', 'WHEN', 'ABOUT', 'ACT', 'HOW', 'WORDING', 'RECORD'], ...rows]);
  });

  aboutPerson(consent.command('withdraw').description('Record that a person takes consent back. Every connected system is told.'))
    .option('--purpose <name>', 'of marketing, such as newsletter; all purposes without it')
    .option('--channel <name>', `${CONSENT_CHANNELS.join(', ')}; all channels without it`)
    .option('--source <text>', 'how you know, such as "letter of 3 March"', BY)
    .action(async (options: Whom & { purpose?: string; channel?: string; source: string }) => {
      const channel = channelOf(options.channel);
      const told = await withWorld(async (world) => {
        const { tenant, person } = await whom(world, options);
        return withdraw(world, tenant, person, { purpose: options.purpose ?? null, channel, source: options.source, email: options.email });
      });
      if (options.json) return printJson(told);
      print(`The withdrawal is on the line (${told.correlation}). The server records it and tells every connected system.`);
    });

  aboutPerson(consent.command('export').description('Write a bundle that proves what a person agreed to, for checking without this software.'))
    .option('--out <path>', 'a folder, or a file that ends in .tar.gz')
    .action(async (options: Whom & { out?: string }) => {
      const { person, files, name, at } = await withWorld(async (world) => {
        const { tenant, person: who } = await whom(world, options);
        const bundle = await world.desk.exportProof(tenant, who, BY);
        return { person: who, files: bundle, at: world.flow.clock.now(), name: `proof-${who}` };
      });
      const out = resolve(options.out ?? name);
      if (out.endsWith('.tar.gz')) {
        mkdirSync(dirname(out), { recursive: true });
        writeFileSync(out, archiveOf(files, name, at), { flag: 'wx' });
      } else writeFolder(out, files);
      if (options.json) return printJson({ person, out, files: files.map(({ path }) => path) });
      print(`${files.length} files in ${out}\nCheck them: ${out.endsWith('.tar.gz') ? `tar xzf ${out} && sh ${name}/verify.sh` : `sh ${join(out, 'verify.sh')}`}`);
    });
}

function writeFolder(out: string, files: readonly { path: string; bytes: Buffer }[]): void {
  if (existsSync(out) && readdirSync(out).length > 0)
    throw new Problem('request.malformed', { say: `${out} is not empty. Name another folder with --out: a file left over would spoil the proof.` });
  for (const { path, bytes } of files) {
    mkdirSync(dirname(join(out, path)), { recursive: true });
    writeFileSync(join(out, path), bytes);
  }
  chmodSync(join(out, 'verify.sh'), 0o755);
}

async function withdraw(
  world: World,
  tenant: TenantId,
  person: PersonId,
  { purpose, channel, source, email }: { purpose: string | null; channel: ConsentChannel | null; source: string; email: string | undefined },
) {
  const rows = await listConsents(world.db, tenant, person);
  const known = email ?? (await lastEmail(world, rows));
  if (known === null) throw new Problem('request.not-found', { say: 'The address of that person is not held here (any more). Give it with --email.' });
  const now = world.flow.clock.now();
  const act = {
    type: 'marketing',
    purpose,
    channel,
    status: 'withdrawn',
    text: null,
    locale: null,
    jurisdiction: null,
    basis: 'consent',
    capturedAt: now,
    expiresAt: null,
  } as const;
  const rest = { how: 'api', source, envelope: null, documentHash: null, evidence: {}, evidenceUri: null } as const;
  const identity = { name: null, email: known, method: 'command-line', ip: null, userAgent: null };
  return world.desk.reportConsent(tenant, { key: newId('cns', now), email: known, acts: [{ ...act, ...rest }], identity }, BY);
}

async function lastEmail(world: World, rows: Awaited<ReturnType<typeof listConsents>>): Promise<string | null> {
  for (const row of [...rows].reverse()) {
    const identity = await openIdentity(world.db, world.flow.sealer, row.tenant, row);
    if (identity?.email) return identity.email;
  }
  return null;
}

/** @throws Problem `request.malformed`, `request.not-found` */
async function whom(world: World, { person, email, contact, tenant: asked }: Whom): Promise<{ tenant: TenantId; person: PersonId }> {
  const tenant = await chooseTenant(world, asked);
  if ([person, email, contact].filter((one) => one !== undefined).length !== 1)
    throw new Problem('request.malformed', { say: 'Say whom it is about with one of --person, --email and --contact.' });
  const found =
    person !== undefined
      ? (person as PersonId)
      : email !== undefined
        ? await findPersonByEmail(world.db, world.flow.sealer, tenant, email)
        : await byContact(world, tenant, contact ?? '');
  if (found === null || (await listConsents(world.db, tenant, found)).length === 0)
    throw new Problem('request.not-found', { say: 'Nobody of that name has agreed to anything here, declined or withdrawn.' });
  return { tenant, person: found };
}

async function byContact(world: World, tenant: TenantId, contact: string): Promise<PersonId | null> {
  for (const { id } of await listInstalls(world.db, tenant)) {
    const person = await findPersonOfContact(world.db, tenant, id, contact);
    if (person !== null) return person;
  }
  return null;
}

function channelOf(asked: string | undefined): ConsentChannel | null {
  if (asked === undefined) return null;
  const channel = CONSENT_CHANNELS.find((one) => one === asked);
  if (!channel) throw new Problem('request.malformed', { say: `There is no channel "${asked}". The channels are ${CONSENT_CHANNELS.join(', ')}.` });
  return channel;
}
