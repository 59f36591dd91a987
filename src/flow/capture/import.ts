import { canonicalJson } from '#lib/json';
import { sha256 } from '#lib/hmac';
import { readImportRow, type ImportAct, type ImportRow, type RowFault } from '#core/capture-import';
import type { TenantId } from '#core/ids';
import { listTexts } from '#store/consent-texts';
import type { Tx } from '#store/database';
import { putReport } from '#flow/desk/consents';
import type { Flow } from '#flow/flow';

export interface ImportOptions {
  file: string;
  wording: (name: string) => string | null;
  /** Only looks. */
  dryRun: boolean;
  /** Takes the rows that are good even where others are not. */
  partial: boolean;
  by: string;
  /** Told now and then how many rows are done. */
  progress: (done: number, total: number) => void;
}
export interface Imported {
  rows: number;
  good: number;
  /** Rows that entered; 0 for a dry run, and where one was refused and all had to be good. */
  taken: number;
  faults: RowFault[];
}

const TOLD_EVERY = 500;

/** Brings consent that was kept elsewhere. All or none, unless `partial`; a row that came before adds nothing. @throws Problem `install.absent` */
export async function importConsents(flow: Flow, tenant: TenantId, rows: readonly ImportRow[], options: ImportOptions): Promise<Imported> {
  const texts = await listTexts(flow.db, tenant);
  const now = flow.clock.now();
  const read = rows.map((row) => readImportRow(row, { texts, now, file: options.file, wording: options.wording }));
  const acts = read.flatMap((one) => (one.ok ? [one.act] : []));
  const faults = read.flatMap((one) => (one.ok ? [] : one.faults));
  const done = { rows: rows.length, good: acts.length, taken: 0, faults };
  if (options.dryRun || acts.length === 0 || (faults.length > 0 && !options.partial)) return done;
  await flow.db.transaction().execute(async (tx) => {
    for (const [place, act] of acts.entries()) {
      await putOne(flow, tx, tenant, act, options.by);
      if (place % TOLD_EVERY === 0) options.progress(place, acts.length);
    }
  });
  flow.wake.inbox();
  return { ...done, taken: acts.length };
}

/** Of what the row says: the same row of another file, or of the same file once more, is the same act. */
async function putOne(flow: Flow, tx: Tx, tenant: TenantId, { email, name, act }: ImportAct, by: string): Promise<void> {
  const key = `import|${sha256(canonicalJson([email.toLowerCase(), { ...act, evidence: null }]))}`;
  await putReport(flow, tx, tenant, { key, email, acts: [act], identity: { name, email, method: 'import', ip: null, userAgent: null } }, by);
}
