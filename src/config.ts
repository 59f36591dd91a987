import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { dirname, isAbsolute, join } from 'node:path';
import * as z from 'zod';
import { projectRoot } from '#lib/root';
import { Secret } from '#lib/secret';
import { POOL_CONNECTIONS } from '#store/database';
import { sayFault } from './config-words.ts';
import { fromFile, KeyError, keySource, type KeySource } from './key-sources.ts';

const POSTGRES = /^postgres(ql)?:\/\//;

/** An address and nothing behind it: what vendors sign and browsers compare is made of it. */
const origin = z
  .url()
  .transform((address) => address.replace(/\/$/, ''))
  .refine((address) => URL.canParse(address) && new URL(address).origin === address, 'has to be an origin alone, such as https://countersign.example.com');
const secret = z
  .string()
  .min(1)
  .transform((value) => new Secret(value));
const perSecond = z.number().int().min(0);
const subdomain = z.string().regex(/^[a-z0-9-]{1,63}$/i, 'is the part of the address before .auth.marketingcloudapis.com');
const list = z
  .string()
  .transform((value) =>
    value
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean)
      .map((part) => new Secret(part)),
  )
  .refine((parts) => parts.length > 0, 'has to hold at least one');

/** A vendor may repeat itself for a month, so what tells a repeat is kept for longer. */
const days = (preset: number, least = 1) => z.number().int().min(least).max(36_500).default(preset);

/** `app.config.json`: what may stand in a repository. Secrets come from the environment alone. */
const fileSchema = z.strictObject({
  $schema: z.string().optional(),
  mode: z.enum(['sandbox', 'live']).describe('`sandbox`: the vendors are played by this process. `live`: only real vendors can be reached.'),
  host: z.string(),
  port: z.number().int().min(0).max(65_535),
  publicUrl: origin.optional().describe('Where vendors and browsers reach this server; needed when live.'),
  database: z.string().describe('A SQLite file, from the project folder, or a postgres:// address.'),
  admission: z
    .enum(['operator', 'open'])
    .optional()
    .describe(
      'Who may connect a CRM account that is not known yet: only an operator who is signed in (the default when live), or everybody who may install in it (the default in the sandbox).',
    ),
  loopbackEndpoints: z
    .boolean()
    .optional()
    .describe('Whether webhooks may be sent to this machine itself, over plain http too: for trying them out. By default only in the sandbox.'),
  timestampUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('A time-stamping authority after RFC 3161, which is told the hashes of signed heads. Without one, heads are signed and not stamped.'),
  timestampCa: z.string().optional().describe("A PEM file with the authority's certificates, the root among them, from the project folder. It goes into proof bundles."),
  proxies: z
    .number()
    .int()
    .min(0)
    .max(8)
    .default(0)
    .describe('How many proxies of yours stand in front, each adding to X-Forwarded-For: then a visitor’s address is read from there. 0: from the connection.'),
  webhooksPerSecond: perSecond
    .default(1000)
    .describe('How many deliveries of one connected account are taken a second, over ten seconds; what is beyond is answered 429, and its vendor sends it again. 0: any number.'),
  role: z
    .enum(['all', 'web', 'worker'])
    .default('all')
    .describe('What this process does: `web` answers requests, `worker` does the work, `all` both. On SQLite there is one process, which does all.'),
  pool: z.number().int().min(2).max(200).default(POOL_CONNECTIONS).describe('Connections to PostgreSQL that this process keeps for its statements; a worker has eight more.'),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
  coalesceMs: z.number().int().min(0).max(60_000).describe('How long background writes wait for others to the same record.'),
  keepDays: z
    .strictObject({
      deliveries: days(30),
      inbox: days(90, 30),
      outbox: days(400, 30),
      messages: days(30),
      failedMessages: days(90),
    })
    .prefault({})
    .describe('How many days what is settled stays; docs/retention.md says what of it.'),
  ceiling: z
    .strictObject({ sends: z.number().int().min(1), minutes: z.number().int().min(1).max(1440), firstRun: z.number().int().min(1) })
    .describe('How much a send rule may send by itself before a person has to look, where the rule does not say it.'),
});

const number = z.coerce.number('has to be a number');

const environmentSchema = z.object({
  COUNTERSIGN_MODE: fileSchema.shape.mode.optional(),
  HOST: fileSchema.shape.host.optional(),
  PORT: number.pipe(fileSchema.shape.port).optional(),
  PUBLIC_URL: fileSchema.shape.publicUrl,
  COUNTERSIGN_DATABASE: fileSchema.shape.database.optional(),
  DATABASE_URL: z.string().regex(POSTGRES, 'has to be an address of PostgreSQL, such as postgres://user:password@host:5432/countersign').optional(),
  REDIS_URL: z
    .url({ protocol: /^rediss?$/, error: 'has to be an address of Redis, such as redis://user:password@host:6379' })
    .transform((value) => new Secret(value))
    .optional(),
  COUNTERSIGN_LIMITS: z.enum(['shared', 'per-process']).default('shared'),
  COUNTERSIGN_ROLE: fileSchema.shape.role.unwrap().optional(),
  COUNTERSIGN_POOL: number.pipe(fileSchema.shape.pool.unwrap()).optional(),
  LOG_LEVEL: fileSchema.shape.logLevel.optional(),
  COUNTERSIGN_CEILING: number.pipe(fileSchema.shape.ceiling.shape.sends).optional(),
  COUNTERSIGN_FIRST_RUN: number.pipe(fileSchema.shape.ceiling.shape.firstRun).optional(),
  COUNTERSIGN_WEBHOOKS_PER_SECOND: number.pipe(perSecond).optional(),
  COUNTERSIGN_KEY: secret.optional(),
  COUNTERSIGN_OLD_KEYS: list.optional(),
  VAULT_ADDR: z.string().optional(),
  VAULT_TOKEN: secret.optional(),
  VAULT_NAMESPACE: z.string().optional(),
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_SECRET_ACCESS_KEY: secret.optional(),
  AWS_SESSION_TOKEN: secret.optional(),
  AWS_ENDPOINT_URL_KMS: z.string().optional(),
  COUNTERSIGN_TIMESTAMP_URL: fileSchema.shape.timestampUrl,
  COUNTERSIGN_TIMESTAMP_CA: fileSchema.shape.timestampCa,
  HUBSPOT_CLIENT_ID: z.string().min(1).optional(),
  HUBSPOT_CLIENT_SECRET: secret.optional(),
  HUBSPOT_APP_ID: z.string().min(1).optional(),
  DOCUSIGN_CLIENT_ID: z.string().min(1).optional(),
  DOCUSIGN_CLIENT_SECRET: secret.optional(),
  DOCUSIGN_CONNECT_KEYS: list.optional(),
  DOCUSIGN_PRIVATE_KEY: secret.optional(),
  DOCUSIGN_USER_ID: secret.optional(),
  SALESFORCE_CLIENT_ID: z.string().min(1).optional(),
  SALESFORCE_CLIENT_SECRET: secret.optional(),
  MARKETING_CLOUD_CLIENT_ID: z.string().min(1).optional(),
  MARKETING_CLOUD_CLIENT_SECRET: secret.optional(),
  MARKETING_CLOUD_SUBDOMAIN: subdomain.optional(),
  MARKETING_CLOUD_ACCOUNT_ID: secret.optional(),
  ACCOUNT_ENGAGEMENT_BUSINESS_UNIT: secret.optional(),
  ACCOUNT_ENGAGEMENT_CLIENT_ID: z.string().min(1).optional(),
  ACCOUNT_ENGAGEMENT_CLIENT_SECRET: secret.optional(),
  DOCUSIGN_ENVIRONMENT: z.enum(['demo', 'live']).default('demo'),
});
type Environment = z.output<typeof environmentSchema>;

export interface Config extends Omit<z.output<typeof fileSchema>, 'publicUrl' | 'admission' | 'loopbackEndpoints' | 'timestampUrl' | 'timestampCa' | '$schema'> {
  /** Null: the address that the server listens at. */
  publicUrl: string | null;
  admission: 'operator' | 'open';
  loopbackEndpoints: boolean;
  /** The time-stamping authority and its certificates in PEM; null where none is configured. */
  timestamps: { url: string; chain: string | null } | null;
  /** Where the keys come from that seal every secret: the first one's first key seals, all of them open. */
  keys: KeySource[];
  /** Where processes count their calls together; null: each counts its own. */
  redis: Secret | null;
  environment: Environment;
}

/** A configuration that cannot be used: every fault at once. */
export class ConfigError extends Error {}

/** Reads `app.config.json` and the environment, the latter first. `insist` may refuse the database that they name, before a key is made beside it. @throws ConfigError */
export function loadConfig(variables: NodeJS.ProcessEnv, given: Partial<z.input<typeof fileSchema>> = {}, insist: (database: string) => void = () => undefined): Config {
  const environment = parse(environmentSchema, withoutEmpty(variables), 'The environment');
  const file = parse(fileSchema, { ...readSettings(), ...given }, 'app.config.json');
  const mode = environment.COUNTERSIGN_MODE ?? file.mode;
  const config = {
    mode,
    host: environment.HOST ?? file.host,
    port: environment.PORT ?? file.port,
    publicUrl: environment.PUBLIC_URL ?? file.publicUrl ?? null,
    database: place(environment.DATABASE_URL ?? environment.COUNTERSIGN_DATABASE ?? file.database),
    role: environment.COUNTERSIGN_ROLE ?? file.role,
    pool: environment.COUNTERSIGN_POOL ?? file.pool,
    admission: file.admission ?? (mode === 'live' ? ('operator' as const) : ('open' as const)),
    loopbackEndpoints: file.loopbackEndpoints ?? mode === 'sandbox',
    timestamps: timestampsOf(environment, file),
    logLevel: environment.LOG_LEVEL ?? file.logLevel,
    coalesceMs: file.coalesceMs,
    keepDays: file.keepDays,
    ceiling: {
      ...file.ceiling,
      sends: environment.COUNTERSIGN_CEILING ?? file.ceiling.sends,
      firstRun: environment.COUNTERSIGN_FIRST_RUN ?? file.ceiling.firstRun,
    },
    proxies: file.proxies,
    webhooksPerSecond: environment.COUNTERSIGN_WEBHOOKS_PER_SECOND ?? file.webhooksPerSecond,
    redis: environment.COUNTERSIGN_LIMITS === 'shared' ? (environment.REDIS_URL ?? null) : null,
    environment,
  };
  refuseHalves(config, environment);
  const faults = config.mode === 'live' ? liveFaults(config, environment) : [];
  if (faults.length > 0) throw new ConfigError(`The configuration for live cannot be used:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
  insist(config.database);
  return { ...config, keys: rootKeys(environment, config, variables) };
}

/** @throws ConfigError where the file is not there, or is no JSON */
function readSettings(): object {
  const path = join(projectRoot, 'app.config.json');
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as object;
  } catch (error) {
    throw new ConfigError(error instanceof SyntaxError ? `app.config.json is no JSON: ${error.message}.` : `There is no file ${path} that can be read.`);
  }
}

function timestampsOf(environment: Environment, file: z.output<typeof fileSchema>): Config['timestamps'] {
  const url = environment.COUNTERSIGN_TIMESTAMP_URL ?? file.timestampUrl;
  const chain = environment.COUNTERSIGN_TIMESTAMP_CA ?? file.timestampCa;
  if (url === undefined) return null;
  if (chain === undefined) return { url, chain: null };
  const path = isAbsolute(chain) ? chain : join(projectRoot, chain);
  try {
    return { url, chain: readFileSync(path, 'utf8') };
  } catch {
    throw new ConfigError(`The certificates of the time-stamping authority cannot be read from ${path}.`);
  }
}

function withoutEmpty(variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown, where: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`${where} cannot be used:\n${parsed.error.issues.map((issue) => `  - ${issue.path.join('.') || 'It'}: ${sayFault(issue)}`).join('\n')}`);
}

const place = (database: string): string => (POSTGRES.test(database) || database === ':memory:' || isAbsolute(database) ? database : join(projectRoot, database));

/** Where two processes would each believe to be the whole, nothing is half right. @throws ConfigError */
function refuseHalves({ role, mode, database, redis }: Pick<Config, 'role' | 'mode' | 'database' | 'redis'>, environment: Environment): void {
  const { DATABASE_URL, COUNTERSIGN_DATABASE, COUNTERSIGN_LIMITS } = environment;
  const faults: string[] = [];
  if (DATABASE_URL !== undefined && COUNTERSIGN_DATABASE !== undefined && DATABASE_URL !== COUNTERSIGN_DATABASE)
    faults.push('DATABASE_URL and COUNTERSIGN_DATABASE name two databases. Set one of them, or both to the same address.');
  if (role !== 'all' && !POSTGRES.test(database))
    faults.push(
      `The role ${role} is for one of several processes, which share a database on PostgreSQL. Set DATABASE_URL, or leave COUNTERSIGN_ROLE out: on SQLite one process does all.`,
    );
  if (role !== 'all' && mode === 'sandbox')
    faults.push(`The sandbox is played by one process, which does all. Set COUNTERSIGN_MODE=live for the role ${role}, or leave COUNTERSIGN_ROLE out.`);
  if (role !== 'all' && redis === null && COUNTERSIGN_LIMITS === 'shared')
    faults.push(
      `The role ${role} is for one of several processes, and what a vendor allows an account holds across them only through Redis. Set REDIS_URL, or COUNTERSIGN_LIMITS=per-process to let each process take all of it.`,
    );
  if (faults.length > 0) throw new ConfigError(`The configuration cannot be used:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
}

function liveFaults(config: { publicUrl: string | null }, environment: Environment): string[] {
  const faults: string[] = [];
  if (!config.publicUrl?.startsWith('https://')) faults.push('PUBLIC_URL has to be the https:// address at which vendors reach this server.');
  if (!environment.COUNTERSIGN_KEY)
    faults.push('COUNTERSIGN_KEY has to hold 32 random bytes in base64, such as `openssl rand -base64 32` prints, or to say where they are (docs/keys.md).');
  for (const [name, needed] of [
    ['HubSpot', ['HUBSPOT_CLIENT_ID', 'HUBSPOT_CLIENT_SECRET', 'HUBSPOT_APP_ID']],
    ['DocuSign', ['DOCUSIGN_CLIENT_ID', 'DOCUSIGN_CLIENT_SECRET', 'DOCUSIGN_CONNECT_KEYS']],
    ['Salesforce', ['SALESFORCE_CLIENT_ID', 'SALESFORCE_CLIENT_SECRET']],
    ['Marketing Cloud', ['MARKETING_CLOUD_CLIENT_ID', 'MARKETING_CLOUD_CLIENT_SECRET', 'MARKETING_CLOUD_SUBDOMAIN']],
    ['Account Engagement', ['ACCOUNT_ENGAGEMENT_CLIENT_ID', 'ACCOUNT_ENGAGEMENT_CLIENT_SECRET']],
  ] as const) {
    const missing = needed.filter((variable) => environment[variable] === undefined);
    if (missing.length > 0 && missing.length < needed.length) faults.push(`${name} is half configured: ${missing.join(', ')} missing.`);
  }
  if ((environment.DOCUSIGN_PRIVATE_KEY === undefined) !== (environment.DOCUSIGN_USER_ID === undefined))
    faults.push('DOCUSIGN_PRIVATE_KEY and DOCUSIGN_USER_ID belong together: set both or neither.');
  if (!environment.HUBSPOT_CLIENT_ID && !environment.SALESFORCE_CLIENT_ID)
    faults.push('No CRM is configured: set the variables of HubSpot (connectors/hubspot/README.md), of Salesforce (connectors/salesforce/README.md), or of both.');
  return faults;
}

/** Sources of the root keys, the current one first. The sandbox makes itself a key beside its database; a live server is given one. @throws ConfigError */
function rootKeys(environment: Environment, config: { database: string }, variables: NodeJS.ProcessEnv): KeySource[] {
  try {
    const named = environment.COUNTERSIGN_KEY;
    const current = named ? keySource(named.reveal(), 'COUNTERSIGN_KEY', environment, variables) : ownKey(config.database);
    return [current, ...(environment.COUNTERSIGN_OLD_KEYS ?? []).map((old) => keySource(old.reveal(), 'COUNTERSIGN_OLD_KEYS', environment, variables))];
  } catch (error) {
    throw error instanceof KeyError ? new ConfigError(error.message) : error;
  }
}

function ownKey(database: string): KeySource {
  if (database === ':memory:') return { kind: 'given', where: 'memory', keys: new Secret([randomBytes(32)]) };
  const path = database.includes('://') ? join(projectRoot, 'data', 'sandbox.key') : `${database}.key`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, randomBytes(32).toString('base64'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    // Where it is there already, or another process has just made it, that one is the key.
    if (code !== 'EEXIST' || !existsSync(path))
      throw new ConfigError(`The sandbox keeps its key beside its database, in ${path}, and cannot write there (${code}). COUNTERSIGN_DATABASE names another place.`);
  }
  return fromFile(path);
}
