import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { dirname, isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { projectRoot } from '#lib/root';
import { Secret } from '#lib/secret';

/** An address and nothing behind it: what vendors sign and browsers compare is made of it. */
const origin = z
  .url()
  .transform((address) => address.replace(/\/$/, ''))
  .refine((address) => URL.canParse(address) && new URL(address).origin === address, 'has to be an origin alone, such as https://countersign.example.com');
const secret = z
  .string()
  .min(1)
  .transform((value) => new Secret(value));
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
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
  coalesceMs: z.number().int().min(0).max(60_000).describe('How long background writes wait for others to the same record.'),
});

const environmentSchema = z.object({
  COUNTERSIGN_MODE: fileSchema.shape.mode.optional(),
  HOST: fileSchema.shape.host.optional(),
  PORT: z.coerce.number().pipe(fileSchema.shape.port).optional(),
  PUBLIC_URL: fileSchema.shape.publicUrl,
  COUNTERSIGN_DATABASE: fileSchema.shape.database.optional(),
  LOG_LEVEL: fileSchema.shape.logLevel.optional(),
  COUNTERSIGN_KEY: secret.optional(),
  HUBSPOT_CLIENT_ID: z.string().min(1).optional(),
  HUBSPOT_CLIENT_SECRET: secret.optional(),
  HUBSPOT_APP_ID: z.string().min(1).optional(),
  DOCUSIGN_CLIENT_ID: z.string().min(1).optional(),
  DOCUSIGN_CLIENT_SECRET: secret.optional(),
  DOCUSIGN_CONNECT_KEYS: list.optional(),
  DOCUSIGN_PRIVATE_KEY: secret.optional(),
  DOCUSIGN_USER_ID: secret.optional(),
  DOCUSIGN_ENVIRONMENT: z.enum(['demo', 'live']).default('demo'),
});
type Environment = z.output<typeof environmentSchema>;

export interface Config extends Omit<z.output<typeof fileSchema>, 'publicUrl' | 'admission' | '$schema'> {
  /** Null: the address that the server listens at. */
  publicUrl: string | null;
  admission: 'operator' | 'open';
  /** 32 bytes that seal every secret. */
  key: Buffer;
  environment: Environment;
}

/** A configuration that cannot be used: every fault at once. */
export class ConfigError extends Error {}

/** Reads `app.config.json` and the environment, the latter first. @throws ConfigError */
export function loadConfig(variables: NodeJS.ProcessEnv, given: Partial<z.input<typeof fileSchema>> = {}): Config {
  const environment = parse(environmentSchema, withoutEmpty(variables), 'the environment');
  const path = join(projectRoot, 'app.config.json');
  const file = parse(fileSchema, { ...(JSON.parse(readFileSync(path, 'utf8')) as object), ...given }, 'app.config.json');
  const mode = environment.COUNTERSIGN_MODE ?? file.mode;
  const config = {
    mode,
    host: environment.HOST ?? file.host,
    port: environment.PORT ?? file.port,
    publicUrl: environment.PUBLIC_URL ?? file.publicUrl ?? null,
    database: place(environment.COUNTERSIGN_DATABASE ?? file.database),
    admission: file.admission ?? (mode === 'live' ? ('operator' as const) : ('open' as const)),
    logLevel: environment.LOG_LEVEL ?? file.logLevel,
    coalesceMs: file.coalesceMs,
    environment,
  };
  const faults = config.mode === 'live' ? liveFaults(config, environment) : [];
  if (faults.length > 0) throw new ConfigError(`The configuration for live cannot be used:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
  return { ...config, key: rootKey(environment.COUNTERSIGN_KEY, config) };
}

function withoutEmpty(variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown, where: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`${where} cannot be used:\n${parsed.error.issues.map((issue) => `  - ${issue.path.join('.')}: ${issue.message}`).join('\n')}`);
}

const place = (database: string): string => (/^postgres(ql)?:/.test(database) || database === ':memory:' || isAbsolute(database) ? database : join(projectRoot, database));

function liveFaults(config: { publicUrl: string | null }, environment: Environment): string[] {
  const faults: string[] = [];
  if (!config.publicUrl?.startsWith('https://')) faults.push('PUBLIC_URL has to be the https:// address at which vendors reach this server.');
  if (!environment.COUNTERSIGN_KEY) faults.push('COUNTERSIGN_KEY has to hold 32 random bytes in base64, such as `openssl rand -base64 32` prints.');
  for (const [name, needed] of [
    ['HubSpot', ['HUBSPOT_CLIENT_ID', 'HUBSPOT_CLIENT_SECRET', 'HUBSPOT_APP_ID']],
    ['DocuSign', ['DOCUSIGN_CLIENT_ID', 'DOCUSIGN_CLIENT_SECRET', 'DOCUSIGN_CONNECT_KEYS']],
  ] as const) {
    const missing = needed.filter((variable) => environment[variable] === undefined);
    if (missing.length > 0 && missing.length < needed.length) faults.push(`${name} is half configured: ${missing.join(', ')} missing.`);
  }
  if ((environment.DOCUSIGN_PRIVATE_KEY === undefined) !== (environment.DOCUSIGN_USER_ID === undefined))
    faults.push('DOCUSIGN_PRIVATE_KEY and DOCUSIGN_USER_ID belong together: set both or neither.');
  if (!environment.HUBSPOT_CLIENT_ID) faults.push('No CRM is configured: set HUBSPOT_CLIENT_ID, HUBSPOT_CLIENT_SECRET and HUBSPOT_APP_ID (connectors/hubspot/README.md).');
  return faults;
}

/** The sandbox makes itself a key beside its database; a live server is given one. */
function rootKey(given: Secret | undefined, config: { mode: string; database: string }): Buffer {
  if (given) return keyIn(given.reveal(), 'COUNTERSIGN_KEY');
  if (config.database === ':memory:') return randomBytes(32);
  const path = config.database.includes('://') ? join(projectRoot, 'data', 'sandbox.key') : `${config.database}.key`;
  mkdirSync(dirname(path), { recursive: true });
  try {
    writeFileSync(path, randomBytes(32).toString('base64'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    // It is there already, or another process has just made it: then that one is the key.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return keyIn(readFileSync(path, 'utf8'), path);
}

function keyIn(text: string, where: string): Buffer {
  const key = Buffer.from(text, 'base64');
  if (key.length !== 32) throw new ConfigError(`${where} has to hold 32 bytes in base64, such as \`openssl rand -base64 32\` prints.`);
  return key;
}
