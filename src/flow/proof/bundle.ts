import { sha256 } from '#lib/hmac';
import { canonicalJson } from '#lib/json';
import { projectFile } from '#lib/root';
import type { EnvelopeId, PersonId, TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import { chainText, manifestOf, recordPath, renderWording, textPath, type ProofFile } from '#core/proof';
import { findRendering } from '#store/capture-pages';
import { findText, type ConsentText } from '#store/consent-texts';
import { listConsents, openIdentity, type Consent, type SealedIdentity } from '#store/consents';
import { findEnvelope } from '#store/envelopes';
import { consentChain, findSignedHead, findTimestamp, listSigningKeys, type SignedHead } from '#store/heads';
import { listInstalls } from '#store/installs';
import { hashContent } from '#store/ledger';
import type { Flow } from '#flow/flow';
import { signBytes, signHead, signingKey } from '#flow/proof/signing';
import { stampHead } from '#flow/proof/stamping';
import { summaryPdf } from '#flow/proof/summary';

/** A chain of more entries would make a bundle that nobody can check in an hour. */
const MOST_LINKS = 500_000;
/** The SHA-256 of the page that was shown, in the evidence of an act. */
const RENDERING = /"rendering":"([0-9a-f]{64})"/;
const KEY_PATH = '/.well-known/countersign-signing-key.pem';

/** Everything that a bundle shows, as read from the store. */
export interface Evidence {
  person: PersonId;
  rows: { row: Consent; identity: SealedIdentity | null; text: ConsentText | null }[];
  head: SignedHead;
  madeAt: number;
}

/**
 * A bundle that proves a person's consent without us: every act in the bytes that were hashed, the words that were shown, and the chain from there to a signed head.
 * @throws Problem `request.not-found` where the person never acted, `request.too-large`
 */
export async function proofOf(flow: Flow, tenant: TenantId, person: PersonId): Promise<ProofFile[]> {
  const evidence = await gather(flow, tenant, person);
  const { rows, head } = evidence;
  const first = rows[0]?.row.seq ?? head.seq;
  if (head.seq - first >= MOST_LINKS) throw new Problem('request.too-large', { say: `There are more than ${MOST_LINKS} entries between the first act and the signed head.` });
  const files = [
    ...rows.map(({ row }) => fileOf(recordPath(row), recordText(row))),
    ...rows.flatMap(({ row, identity }) => (identity ? [fileOf(`identity/${row.id}.json`, canonicalJson(identity))] : [])),
    ...textFiles(rows),
    ...(await renderingFiles(flow, tenant, rows)),
    ...(await envelopeFiles(flow, tenant, rows)),
    fileOf('chain.tsv', chainText(await consentChain(flow.db, tenant, first, head.seq))),
    ...(await headFiles(flow, head)),
    fileOf('about.txt', aboutText(flow, evidence)),
    fileOf('README.txt', projectFile('src/flow/proof/readme.txt')),
    fileOf('verify.sh', projectFile('src/flow/proof/verify.sh')),
    { path: 'summary.pdf', bytes: await summaryPdf(evidence) },
  ];
  const manifest = fileOf('MANIFEST.sha256', manifestOf(files));
  return [...files, manifest, { path: 'MANIFEST.sig', bytes: await signManifest(flow, head, manifest.bytes) }];
}

const fileOf = (path: string, text: string): ProofFile => ({ path, bytes: Buffer.from(text) });

/** The bytes that `hashContent` hashed. */
function recordText(row: Consent): string {
  const text = canonicalJson({ ...row, prev: undefined, hash: undefined });
  if (sha256(text) !== hashContent(row)) throw new Error('A record is not written as it is hashed.');
  return text;
}

async function gather(flow: Flow, tenant: TenantId, person: PersonId): Promise<Evidence> {
  const last = (await listConsents(flow.db, tenant, person)).at(-1);
  if (!last) throw new Problem('request.not-found', { say: 'That person has neither agreed to anything nor declined or withdrawn anything here.' });
  const head = await headFrom(flow, tenant, last.seq);
  // What was appended meanwhile stands after the head, unless the head was signed after it: then it belongs to the bundle.
  const acts = (await listConsents(flow.db, tenant, person)).filter(({ seq }) => seq <= head.seq);
  const rows = [];
  for (const row of acts) {
    const text = row.text === null ? null : ((await findText(flow.db, tenant, row.text)) ?? null);
    rows.push({ row, text, identity: row.personal_hash === null ? null : await openIdentity(flow.db, flow.sealer, tenant, row) });
  }
  return { person, rows, head, madeAt: flow.clock.now() };
}

/** A signed head at or after a place, signed by a key in use now: a bundle has one key, which signs its manifest too. */
async function headFrom(flow: Flow, tenant: TenantId, seq: number): Promise<SignedHead> {
  const key = await signingKey(flow);
  const found = await findSignedHead(flow.db, tenant, 'consents', seq, key.id);
  const head = found ?? (await signHead(flow, tenant, 'consents'));
  if (!head) throw new Error('The ledger has the row and no head.');
  const { timestamps } = flow;
  if (timestamps && !(await findTimestamp(flow.db, tenant, head)))
    // Without a stamp the bundle says so; the upkeep raises the alarm.
    await stampHead(flow, timestamps, head).catch((error: unknown) => flow.log.warn({ code: Problem.from(error).code }, 'no time stamp for a bundle'));
  return head;
}

function textFiles(rows: Evidence['rows']): ProofFile[] {
  const texts = new Map(rows.flatMap(({ text }) => (text ? [[text.id, text]] : [])));
  const files = new Map<string, ProofFile>();
  for (const text of texts.values()) {
    // Two names may be one in letters, digits and dashes.
    const taken = files.has(textPath(text));
    const named = taken ? { ...text, name: `${text.name}-${text.id}` } : text;
    const { name, version, locale, type, purpose, channel, jurisdiction, title, hash, published_by } = text;
    const times = { valid_from: new Date(text.valid_from).toISOString(), published_at: new Date(text.published_at).toISOString() };
    const known = { name, version, locale, type, purpose, channel, jurisdiction, title, sha256: hash, ...times, published_by };
    for (const file of [
      fileOf(textPath(named), text.wording),
      fileOf(textPath(named, 'json'), `${JSON.stringify(known, null, 2)}\n`),
      fileOf(textPath(named, 'html'), renderWording(text)),
    ])
      files.set(file.path, file);
  }
  return [...files.values()];
}

/** Pages in the very bytes that were shown, where a record's evidence names their hash. */
async function renderingFiles(flow: Flow, tenant: TenantId, rows: Evidence['rows']): Promise<ProofFile[]> {
  const hashes = new Set(rows.flatMap(({ row }) => RENDERING.exec(row.evidence)?.[1] ?? []));
  const files: ProofFile[] = [];
  for (const hash of hashes) {
    const shown = await findRendering(flow.db, tenant, hash);
    if (shown) files.push(fileOf(`rendering/${hash}.html`, shown.html));
  }
  return files;
}

/** Pointers to what was signed where: the documents themselves stay with the provider. */
async function envelopeFiles(flow: Flow, tenant: TenantId, rows: Evidence['rows']): Promise<ProofFile[]> {
  const ids = [...new Set(rows.flatMap(({ row }) => row.envelope ?? []))];
  const installs = await listInstalls(flow.db, tenant);
  const files = ids.map(async (id: EnvelopeId) => {
    const found = await findEnvelope(flow.db, tenant, id);
    const install = installs.find((one) => one.id === found?.envelope.sign);
    const when = (at: number | null | undefined) => (at == null ? null : new Date(at).toISOString());
    const known = {
      envelope: id,
      provider: install ? (flow.vendors.get(install.vendor)?.connector.manifest.name ?? install.vendor) : null,
      provider_envelope: found?.envelope.remote ?? null,
      status: found?.envelope.status ?? null,
      template: found?.envelope.template_name ?? null,
      sent_at: when(found?.envelope.sent_at),
      completed_at: when(found?.envelope.completed_at),
      document_sha256: [...new Set(rows.flatMap(({ row }) => (row.envelope === id ? (row.document_hash ?? []) : [])))],
    };
    return fileOf(`envelopes/${id}.json`, `${JSON.stringify(known, null, 2)}\n`);
  });
  return Promise.all(files);
}

async function headFiles(flow: Flow, head: SignedHead): Promise<ProofFile[]> {
  const keys = await listSigningKeys(flow.db);
  const key = keys.find(({ id }) => id === head.key);
  if (!key) throw new Error('The head was signed with a key that is not there.');
  const stamp = await findTimestamp(flow.db, head.tenant, head);
  const chain = stamp ? flow.timestamps?.chain : null;
  return [
    fileOf('head.txt', head.line),
    { path: 'head.sig', bytes: Buffer.from(head.signature, 'base64') },
    fileOf('key.pem', key.public_key),
    ...(stamp ? [{ path: 'head.tsr', bytes: Buffer.from(stamp.token, 'base64') }] : []),
    ...(chain ? [fileOf('tsa.pem', chain)] : []),
  ];
}

function aboutText(flow: Flow, { person, rows, head, madeAt }: Evidence): string {
  const lines = [
    'format countersign-proof-1',
    `tenant ${head.tenant}`,
    `person ${person}`,
    `records ${rows.length}`,
    `made ${new Date(madeAt).toISOString()}`,
    `server ${flow.publicUrl()}`,
    `key ${flow.publicUrl()}${KEY_PATH}`,
  ];
  return `${lines.join('\n')}\n`;
}

async function signManifest(flow: Flow, head: SignedHead, manifest: Buffer): Promise<Buffer> {
  const key = await signingKey(flow);
  if (key.id !== head.key) throw new Problem('store.busy', { say: 'The signing key was changed at this moment. Ask for the bundle again.' });
  return signBytes(flow, key, manifest);
}
