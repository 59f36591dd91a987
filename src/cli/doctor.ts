import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { Problem } from '#core/problem';
import { listAlarms } from '#store/alarms';
import { isPostgres } from '#store/database';
import { databaseHealth, unknownMigrations, overdueEffects } from '#store/health';
import { listInstalls, listTenants } from '#store/installs';
import { faultOfWall, findWall } from '#store/wall';
import { measure, type Sizes } from '#store/sizes';
import { countWork } from '#store/view/work';
import { opensTokens } from '#flow/tokens';
import { ConfigError } from '../config.ts';
import { isExposed } from '../key-sources.ts';
import type { World } from '../world.ts';
import { JSON_OUT, print, printJson, withWorld } from './command.ts';
import { keyStates } from './keys.ts';

interface Finding {
  level: 'ok' | 'warn' | 'fail';
  what: string;
  /** What to do about it. */
  fix?: string;
}

const OVERDUE_MS = 10 * 60_000;
/** Vendors' signatures hold for five minutes; a clock that is kept by NTP is off by less than a second. */
const CLOCK_OFF_MS = 60_000;
const ANSWER_MS = 3_000;
const LOOK_MS = 50;

export function doctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('Look at everything that has to be right for the server to work. Exit code 1 if something is not.')
    .option(...JSON_OUT)
    .action(async (options: { json?: boolean }) => {
      const findings = await withWorld(examine).catch(asFinding);
      if (options.json) printJson(findings);
      for (const { level, what, fix } of options.json ? [] : findings) print(`${level === 'ok' ? ' ok ' : level.toUpperCase()}  ${what}${fix ? `\n      ${fix}` : ''}`);
      if (findings.some(({ level }) => level === 'fail')) process.exitCode = 1;
    });
}

/** What keeps the server from starting is a finding too, and the only one. */
function asFinding(error: unknown): Finding[] {
  if (error instanceof ConfigError || error instanceof Problem) return [{ level: 'fail', what: error.message }];
  throw error;
}

async function examine(world: World): Promise<Finding[]> {
  const parts = await Promise.all([database(world), wall(world), keys(world), counting(world), server(world), accounts(world), clocks(world), work(world), alarms(world)]);
  return [{ level: 'ok', what: `Node ${process.versions.node}, mode ${world.config.mode}` }, ...parts.flat()];
}

async function wall({ db }: World): Promise<Finding[]> {
  const found = await findWall(db);
  const fault = faultOfWall(found);
  if (!found) return [];
  if (!fault) return [{ level: 'ok', what: `Row-level security holds the role ${found.role} to one tenant at a time` }];
  return [{ level: found.passedBy === null ? 'fail' : 'warn', what: fault.say, fix: fault.fix }];
}

async function database({ db, config }: World): Promise<Finding[]> {
  const health = await databaseHealth(db);
  const findings: Finding[] = [{ level: 'ok', what: `Database ${health.kind} answers; its schema is up to date` }];
  if (health.behind.length > 0)
    findings.push({ level: 'fail', what: `Migrations have not run: ${health.behind.join(', ')}`, fix: 'Start the server, or run countersign migrate.' });
  if (health.missingGuards.length > 0)
    findings.push({
      level: 'fail',
      what: `The ledgers are not guarded: triggers missing: ${health.missingGuards.join(', ')}`,
      fix: 'Somebody dropped them. Restore the database, then run countersign ledger verify.',
    });
  if (!health.durable) findings.push({ level: 'fail', what: 'A commit would not survive a power cut', fix: 'PostgreSQL: set synchronous_commit to on.' });
  const newer = await unknownMigrations(db);
  if (newer.length > 0)
    findings.push({
      level: 'warn',
      what: `The schema is of a newer release: ${newer.join(', ')}`,
      fix: 'Usual while a release is rolled out. Otherwise start that release everywhere.',
    });
  findings.push({ level: 'ok', what: sizesOf(await measure(db)) });
  if (config.mode === 'live' && health.kind === 'sqlite') findings.push({ level: 'ok', what: 'SQLite, one process: countersign backup copies it while it runs' });
  return findings;
}

/** Where calls to vendors are counted. */
async function counting({ db, config, flow }: World): Promise<Finding[]> {
  if (config.redis !== null) {
    const until = performance.now() + ANSWER_MS;
    while (flow.limitsFault?.() && performance.now() < until) await pause(LOOK_MS);
    if (!flow.limitsFault?.()) return [{ level: 'ok', what: 'Processes count their calls together in Redis' }];
    return [{ level: 'fail', what: 'Redis does not answer, and without it no vendor is called', fix: 'Start it, or correct REDIS_URL. See docs/runbooks/limits-unreachable.md.' }];
  }
  if (config.mode !== 'live' || !isPostgres(db)) return [];
  const fix = 'With more than one process set REDIS_URL: together they take more than a vendor allows.';
  return [{ level: 'warn', what: 'Each process counts its calls to vendors by itself', fix }];
}

function sizesOf({ bytes, rows, oldestDeliveryAt }: Sizes): string {
  const counts = Object.entries(rows).map(([table, count]) => `${table} ${count.toLocaleString('en')}`);
  const oldest = oldestDeliveryAt === null ? '' : `; the oldest delivery is of ${new Date(oldestDeliveryAt).toISOString().slice(0, 10)}`;
  return `${(bytes / 1e6).toFixed(1)} MB; rows: ${counts.join(', ')}${oldest}`;
}

async function keys(world: World): Promise<Finding[]> {
  const states = await keyStates(world);
  const [current, ...older] = states;
  const findings: Finding[] = [{ level: 'ok', what: `Root key ${current?.id ?? ''} from ${current?.where ?? ''} opens what is sealed` }];
  const left = older.reduce((sum, { values }) => sum + values, 0);
  if (left > 0) findings.push({ level: 'warn', what: `${left} values are still sealed under older root keys`, fix: 'countersign keys rewrap, while the server runs.' });
  for (const { kind, where } of world.config.keys)
    if (kind === 'file' && isExposed(where)) findings.push({ level: 'fail', what: `The key file ${where} can be read by others than its owner`, fix: `chmod 600 ${where}` });
  return findings;
}

async function server({ flow }: World): Promise<Finding[]> {
  const address = `${flow.publicUrl()}/readyz`;
  const status = await fetch(address, { signal: AbortSignal.timeout(ANSWER_MS) }).then(
    (response) => response.status,
    () => 0,
  );
  if (status === 200) return [{ level: 'ok', what: `The server answers at ${flow.publicUrl()}` }];
  return [
    {
      level: 'warn',
      what: `Nothing is ready at ${flow.publicUrl()} (${status || 'no answer'})`,
      fix: 'Start it with npm start. If it runs, PUBLIC_URL or PORT differ from what it was started with.',
    },
  ];
}

async function accounts({ db, flow, desk }: World): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const tenant of await listTenants(db)) {
    for (const install of await listInstalls(db, tenant.id)) {
      if (install.state === 'left') continue;
      const name = `${tenant.name}: ${install.vendor} ${install.name}`;
      if (install.state === 'reauthorize')
        findings.push({ level: 'fail', what: `${name} has to be authorised again`, fix: `${install.reason ?? ''} Open Installs in the console and press Reconnect.` });
      else if (!opensTokens(flow, install))
        findings.push({
          level: 'fail',
          what: `${name}: its tokens do not open with these root keys`,
          fix: 'Start with the key that sealed them, or connect the account again.',
        });
      else if (!flow.vendors.has(install.vendor))
        findings.push({ level: 'fail', what: `${name}: the registration of ${install.vendor} is not configured`, fix: `See connectors/${install.vendor}/README.md.` });
      else findings.push({ level: 'ok', what: `${name} is connected` });
    }
    const found = (await Promise.all((await desk.crms(tenant.id)).map((crm) => desk.checkMappings(tenant.id, {}, crm).catch(() => [])))).flat();
    const faults = found.filter((fault) => fault.level === 'error');
    // A step that an account cannot take becomes a dead letter each time, so it is told before the first.
    for (const { path, say } of found.filter(({ kind, level }) => kind === 'journey' && level === 'warning'))
      findings.push({ level: 'warn', what: `${tenant.name}: the journey mapping, at ${path}: ${say}` });
    if (faults.length > 0)
      findings.push({ level: 'fail', what: `${tenant.name}: the mappings have ${faults.length} errors`, fix: `countersign mappings check --tenant ${tenant.id}` });
  }
  return findings.length > 0 ? findings : [{ level: 'warn', what: 'No account is connected', fix: 'Open the console and install from a CRM.' }];
}

/** Compares the clock with what each vendor writes into the head of its answers. */
async function clocks({ db, flow, config }: World): Promise<Finding[]> {
  const installs = (await Promise.all((await listTenants(db)).map(({ id }) => listInstalls(db, id)))).flat();
  const oneOfEach = new Map(installs.filter(({ state, vendor }) => state === 'active' && flow.vendors.has(vendor)).map((install) => [install.vendor, install.base_url]));
  const agree: string[] = [];
  const findings: Finding[] = [];
  for (const [vendor, url] of oneOfEach) {
    const reply = await flow
      .tokenHttp(vendor)({ method: 'GET', url })
      .catch(() => null);
    const off = Date.parse(reply?.headers.get('date') ?? '') - flow.clock.now();
    if (Math.abs(off) < CLOCK_OFF_MS) agree.push(vendor);
    else if (!Number.isNaN(off))
      findings.push({
        level: 'fail',
        what: `The clock here is ${Math.round(Math.abs(off) / CLOCK_OFF_MS)} minutes ${off > 0 ? 'behind' : 'ahead of'} that of ${vendor}`,
        fix: 'Let NTP keep it. Beyond five minutes every webhook is refused as too old or too new.',
      });
    // A sandbox is played by the server, of which it was said already whether it answers.
    else if (config.mode === 'live')
      findings.push({ level: 'warn', what: `${vendor} does not answer at ${url}`, fix: 'See whether this machine may call out, and whether the vendor has an outage.' });
  }
  if (agree.length > 0) findings.push({ level: 'ok', what: `The clock agrees with that of ${agree.join(', ')}` });
  return findings;
}

async function work({ db, flow }: World): Promise<Finding[]> {
  const counts = await countWork(db);
  const findings: Finding[] = [{ level: 'ok', what: `Waiting: ${counts.inbox} notices, ${counts.outbox} effects` }];
  const dead = counts.inbox_dead + counts.outbox_parked;
  if (dead > 0) findings.push({ level: 'warn', what: `${dead} dead letters wait for a person`, fix: 'Console, Inbox and Outbox. See docs/runbooks/dead-letters.md.' });
  if (counts.faulty > 0)
    findings.push({
      level: 'warn',
      what: `${counts.faulty} signed deliveries could not be read`,
      fix: 'Console, as an operator: Inbox, Deliveries that could not be read. See docs/runbooks/dead-letters.md.',
    });
  if (counts.outbox_held > 0) findings.push({ level: 'warn', what: `${counts.outbox_held} effects are held until an account is authorised again` });
  const overdue = await overdueEffects(db, flow.clock.now() - OVERDUE_MS);
  for (const lane of overdue) findings.push({ level: 'fail', what: `${lane.count} effects of install ${lane.install} are overdue`, fix: 'See docs/runbooks/lane-stuck.md.' });
  return findings;
}

async function alarms({ db }: World): Promise<Finding[]> {
  const raised = await listAlarms(db);
  return raised.map((alarm) => ({ level: 'warn', what: `Alarm ${alarm.code}: ${alarm.say}`, fix: `See docs/runbooks/${alarm.code}.md.` }));
}
