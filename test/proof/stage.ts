import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { manualClock } from '#lib/clock';
import { createLog } from '#lib/log';
import { newId } from '#lib/ids';
import { seededRandom } from '#lib/random';
import type { ConsentGiven, ConsentIdentity } from '#core/fact';
import type { PersonId, TenantId } from '#core/ids';
import type { ProofFile } from '#core/proof';
import { createMetrics } from '#flow/metrics';
import type { Flow } from '#flow/flow';
import { publishText, type ConsentText, type NewText } from '#store/consent-texts';
import { appendConsents, type Consent } from '#store/consents';
import type { Db } from '#store/database';
import { createTenant } from '#store/installs';
import { ensurePerson } from '#store/people';
import { consentGiven, NOW, sealer } from '../store/fixtures.ts';

const never = (): never => {
  throw new Error('Nothing here asks for that.');
};
/** What `verify.sh` may run, besides what a shell has in itself. */
export const PROGRAMS = ['sha256sum', 'openssl', 'awk', 'sed', 'grep', 'cut', 'printf'];
export const NEWSLETTER: NewText = {
  name: 'newsletter',
  type: 'marketing',
  purpose: 'newsletter',
  channel: 'email',
  locale: 'en',
  jurisdiction: 'EU',
  title: 'News by e-mail',
  wording: 'Yes, send me news about <our> products by e-mail.\n\nI can take this back at any time: “Unsubscribe” is in each of them.',
  validFrom: NOW,
};
const IDENTITY: ConsentIdentity = { name: 'Ines Exámple', email: 'ines@example.com', method: 'mail-link', ip: '192.0.2.7', userAgent: 'A browser' };

export interface Stage {
  flow: Flow;
  clock: ReturnType<typeof manualClock>;
  db: Db;
  tenant: TenantId;
  text: ConsentText;
  person: (email?: string, tenant?: TenantId) => Promise<PersonId>;
  act: (person: PersonId, over?: Partial<ConsentGiven>, identity?: ConsentIdentity | null, tenant?: TenantId) => Promise<Consent>;
}

/** A ledger of consents with what a proof is made of, and no vendor anywhere. */
export async function openProofStage(db: Db): Promise<Stage> {
  const clock = manualClock(NOW);
  const flow: Flow = {
    ...{ db, clock, sealer, vendors: new Map(), bind: never, tokenHttp: never, outgoing: { check: never, post: never }, shippedMapping: never },
    ...{ log: createLog('silent'), metrics: createMetrics(), random: seededRandom(1), publicUrl: () => 'https://countersign.example.com' },
    ...{ coalesceMs: 0, admission: 'open', wake: { inbox: () => undefined, outbox: () => undefined, cursors: () => undefined, messages: () => undefined } },
  };
  const tenant = await createTenant(db, 'Example Ltd', NOW);
  const text = await db.transaction().execute((tx) => publishText(tx, tenant, NEWSLETTER, 'operator', NOW));
  return {
    ...{ flow, clock, db, tenant, text },
    person: (email = 'ines@example.com', of = tenant) => db.transaction().execute(async (tx) => (await ensurePerson(tx, sealer, of, email)).id),
    async act(person, over = {}, identity = IDENTITY, of = tenant) {
      clock.advance(1000);
      const shown = { text: { id: text.id, name: text.name, version: text.version, hash: text.hash }, locale: 'en', jurisdiction: 'EU' };
      const act = consentGiven({ ...shown, capturedAt: clock.now(), ...over });
      const rows = await db
        .transaction()
        .execute((tx) => appendConsents(tx, sealer, of, { person, acts: [{ id: newId('cns', clock.now()), act }], identity, correlation: 'cor_test' }, clock.now()));
      const [row] = rows;
      if (!row) throw new Error('It was appended.');
      return row;
    },
  };
}

/** Writes a bundle into a fresh folder of the system's own, which `remove` takes away. */
export function unpack(files: readonly ProofFile[]): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-proof-'));
  for (const { path, bytes } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export function copyOf(folder: string): { folder: string; remove: () => void } {
  const copy = mkdtempSync(join(tmpdir(), 'countersign-proof-'));
  cpSync(folder, copy, { recursive: true });
  return { folder: copy, remove: () => rmSync(copy, { recursive: true, force: true }) };
}

/** A folder in which no program can be found but those that a proof may need. */
export function fewPrograms(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'countersign-path-'));
  for (const name of PROGRAMS) {
    const found = execFileSync(
      '/bin/sh',
      ['-c', `PATH=/usr/bin:/bin; for d in /usr/bin /bin /usr/local/bin; do [ -x "$d/${name}" ] && { echo "$d/${name}"; exit; }; done; exit 1`],
      {
        encoding: 'utf8',
      },
    ).trim();
    symlinkSync(found, join(path, name));
  }
  chmodSync(path, 0o755);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Runs `verify.sh` of a bundle as a stranger would, with nothing but the few programs. `own` takes the script from elsewhere than the bundle. */
export function verify(folder: string, path: string, args: readonly string[] = [], own?: string): { code: number | null; said: string } {
  const run = spawnSync('/bin/sh', [own ?? join(folder, 'verify.sh'), folder, ...args], { env: { PATH: path }, cwd: '/', encoding: 'utf8' });
  return { code: run.status, said: run.stdout + run.stderr };
}
