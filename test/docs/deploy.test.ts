import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import * as z from 'zod';
import { projectRoot } from '#lib/root';
import { loadConfig } from '#src/config';

const read = (path: string): string => readFileSync(join(projectRoot, path), 'utf8');
const dockerfile = read('Dockerfile');
const port = Number(/^EXPOSE (\d+)$/m.exec(dockerfile)?.[1]);
const { version } = JSON.parse(read('package.json')) as { version: string };
const image = `countersign:${version}`;
/** Names that the server reads from its environment. */
const known = (name: string): boolean => new RegExp(`^  ${name}: `, 'm').test(read('src/config.ts'));
const isCommand = (command: unknown): boolean => Array.isArray(command) && command[0] === 'node' && read('src/main.ts').includes(`.command('${String(command[2])}'`);
/** What a live server needs beside what the examples set themselves. */
const SECRETS = { HUBSPOT_CLIENT_ID: 'a', HUBSPOT_CLIENT_SECRET: 'b', HUBSPOT_APP_ID: 'c', DOCUSIGN_CLIENT_ID: '', DOCUSIGN_CLIENT_SECRET: '', DOCUSIGN_CONNECT_KEYS: '' };
const VALUES: Record<string, string> = {
  COUNTERSIGN_KEY: Buffer.alloc(32, 1).toString('base64'),
  POSTGRES_PASSWORD: 'secret',
  PUBLIC_URL: 'https://countersign.example.com',
  HUBSPOT_CLIENT_ID: 'a',
  HUBSPOT_CLIENT_SECRET: 'b',
  HUBSPOT_APP_ID: 'c',
};
/** As `docker compose` puts variables into a text: those that are needed have `:?`, those that may be empty `:-`. */
const filled = (text: string): string => text.replace(/(?<!\$)\$\{(\w+)(:[?-][^}]*)?\}/g, (_, name: string) => VALUES[name] ?? '');

const service = z.object({
  image: z.string(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string()).optional(),
});

it('the image is built on a Node that the package takes', () => {
  const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
  const [, from = 0, before = 0] = (/^>=(\d+)\.\S+ <(\d+)\./.exec(engines.node) ?? []).map(Number);
  const majors = [...dockerfile.matchAll(/^FROM node:(\d+)-/gm)].map(([, major]) => Number(major));
  expect(majors).toHaveLength(2);
  for (const major of majors) expect(major >= from && major < before).toBe(true);
});

describe('the compose file', () => {
  const { services } = z.object({ services: z.record(z.string(), service) }).parse(parse(read('docs/deploy/compose.yaml'), { merge: true }));
  const own = Object.entries(services).filter(([, { image: named }]) => named === image);

  it('starts one that migrates, one that answers and some that work', () => {
    expect(own.map(([name, { environment }]) => [name, environment['COUNTERSIGN_ROLE']])).toEqual([
      ['migrate', undefined],
      ['web', 'web'],
      ['worker', 'worker'],
    ]);
    expect(isCommand(services['migrate']?.command)).toBe(true);
    expect(services['web']?.ports).toEqual([`127.0.0.1:8080:${port}`]);
  });

  it('sets variables that the server reads, and with them it is configured', () => {
    for (const [name, { environment }] of own) {
      expect(Object.keys(environment).filter((variable) => !known(variable))).toEqual([]);
      const variables = Object.fromEntries(Object.entries(environment).map(([variable, value]) => [variable, filled(value)]));
      expect(loadConfig(variables), name).toMatchObject({
        mode: 'live',
        database: 'postgres://countersign:secret@postgres:5432/countersign',
        role: environment['COUNTERSIGN_ROLE'] ?? 'all',
      });
    }
  });
});

const reference = z.object({ configMapRef: z.object({ name: z.string() }).optional(), secretRef: z.object({ name: z.string() }).optional() });
const probe = z.object({ httpGet: z.object({ path: z.string(), port: z.string() }) });
const container = z.object({
  image: z.string(),
  args: z.array(z.string()).optional(),
  env: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]),
  envFrom: z.array(reference).default([]),
  ports: z.array(z.object({ name: z.string().optional(), containerPort: z.number() })).default([]),
  startupProbe: probe.optional(),
  livenessProbe: probe.optional(),
  readinessProbe: z.unknown().optional(),
});
const labels = z.record(z.string(), z.string());
const object = z.object({
  kind: z.string(),
  metadata: z.object({ name: z.string() }),
  data: labels.optional(),
  spec: z
    .looseObject({
      selector: z.unknown().optional(),
      template: z
        .object({ metadata: z.object({ labels }).optional(), spec: z.object({ containers: z.array(container), terminationGracePeriodSeconds: z.number().optional() }) })
        .optional(),
    })
    .optional(),
});

describe('the Kubernetes example', () => {
  const objects = parseAllDocuments(read('docs/deploy/kubernetes.yaml')).map((document) => object.parse(document.toJS()));
  const named = (kind: string, name: string) => objects.find((one) => one.kind === kind && one.metadata.name === name);
  const containerOf = (kind: string, name: string) => z.object({ containers: z.tuple([container]) }).parse(named(kind, name)?.spec?.template?.spec).containers[0];
  const own = [containerOf('Deployment', 'countersign-web'), containerOf('Deployment', 'countersign-worker')];

  it('probes what the server answers, at the port of the image', () => {
    const answers = read('src/http/operations.ts');
    for (const one of own) {
      expect([one.image, one.ports]).toEqual([image, [{ name: 'http', containerPort: port }]]);
      const ready = probe.parse(one.readinessProbe);
      expect([one.startupProbe?.httpGet.path, one.livenessProbe?.httpGet.path, ready.httpGet.path]).toEqual(['/healthz', '/healthz', '/readyz']);
      for (const { httpGet } of [one.startupProbe, one.livenessProbe, ready].flatMap((each) => each ?? [])) {
        expect(httpGet.port).toBe('http');
        expect(answers).toContain(`app.get('${httpGet.path}'`);
      }
    }
  });

  it('sets variables that the server reads, and with them and its secret it is configured', () => {
    const settings = named('ConfigMap', 'countersign')?.data ?? {};
    const secret = { ...SECRETS, COUNTERSIGN_KEY: VALUES['COUNTERSIGN_KEY'], DATABASE_URL: 'postgres://countersign:secret@countersign-postgres:5432/countersign' };
    for (const [place, role] of (['web', 'worker'] as const).entries()) {
      const given = Object.fromEntries(own[place]?.env.map(({ name, value }) => [name, value]) ?? []);
      expect(Object.keys({ ...given, ...settings }).filter((variable) => !known(variable))).toEqual([]);
      const config = loadConfig({ ...secret, ...settings, ...given });
      expect(config).toMatchObject({ mode: 'live', role });
      expect(config.redis?.reveal()).toBe('redis://countersign-redis:6379');
    }
    expect(isCommand(containerOf('Job', `countersign-migrate-${version.replaceAll('.', '-')}`).args)).toBe(true);
  });

  it('whatever names another object names one that is there', () => {
    const maps = objects.flatMap((one) => one.spec?.template?.spec.containers.flatMap(({ envFrom }) => envFrom.flatMap((from) => from.configMapRef?.name ?? [])) ?? []);
    expect(maps.filter((name) => !named('ConfigMap', name))).toEqual([]);
    const pods = objects.flatMap((one) => (one.spec?.template?.metadata ? [one.spec.template.metadata.labels] : []));
    const holds = (wanted: Record<string, string>) => pods.some((pod) => Object.entries(wanted).every(([name, value]) => pod[name] === value));
    for (const { kind, metadata, spec } of objects.filter(({ spec: one }) => one?.selector !== undefined)) {
      const selector = z.union([z.object({ matchLabels: labels }).transform(({ matchLabels }) => matchLabels), labels]).parse(spec?.selector);
      expect(holds(selector), `${kind} ${metadata.name}`).toBe(true);
    }
    const target = z.object({ scaleTargetRef: z.object({ kind: z.string(), name: z.string() }) }).parse(named('HorizontalPodAutoscaler', 'countersign-web')?.spec).scaleTargetRef;
    expect(named(target.kind, target.name)).toBeDefined();
  });
});
