import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MODELS } from '#core/attribution-models';
import { noted } from '#core/decide/situation';
import type { Fact } from '#core/fact';
import type { EnvelopeId } from '#core/ids';
import { buildReport, sums } from '#core/report';
import { corrected } from '#core/frozen-attribution';
import { manualClock } from '#lib/clock';
import { attribute } from '#flow/attribute';
import type { Flow } from '#flow/flow';
import { appendCorrection, listAttributions } from '#store/attributions';
import { migrate, openDatabase } from '#store/database';
import { getEnvelope, updateEnvelope } from '#store/envelopes';
import { verifyLedger } from '#store/ledger';
import { ensurePerson } from '#store/people';
import { recordTouches } from '#store/touches';
import { readReport } from '#store/view';
import { NOW, putAccount, putEnvelope, sealer } from '../store/fixtures.ts';

const MINUTE = 60_000;
const CONTACTS = ['501', '502', '503'] as const;
const contact = fc.integer({ min: 0, max: CONTACTS.length - 1 });
/** Few addresses, so that contacts often turn out to be one person. */
const address = fc.integer({ min: 0, max: 3 });
const step = fc.oneof(
  fc.record({ do: fc.constant('touch' as const), address, minutes: fc.integer({ min: 0, max: 500 }), source: fc.constantFrom('mail', 'search', 'fair', 'partner') }),
  fc.record({ do: fc.constant('read' as const), contact, source: fc.constantFrom('', 'PAID_SEARCH', 'OFFLINE') }),
  // A merge in the CRM, a lead that becomes a contact, a corrected address: the contact is somebody else here from now on.
  fc.record({ do: fc.constant('become' as const), contact, address }),
  fc.record({ do: fc.constant('own' as const), owner: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constant('send' as const), contact }),
  fc.record({ do: fc.constant('move' as const), which: fc.nat(), to: fc.constantFrom('viewed' as const, 'completed' as const, 'declined' as const) }),
  fc.record({ do: fc.constant('correct' as const), which: fc.nat() }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function openHistory() {
  const db = openDatabase(':memory:');
  await migrate(db);
  const account = await putAccount(db);
  const { tenant, crm } = account;
  const clock = manualClock(NOW);
  const flow = { db, clock, sealer } as unknown as Flow;
  const addresses = [0, 1, 2];
  const sent: { id: EnvelopeId; address: number }[] = [];
  /** What the model holds: the earliest moment of which each address may know, and whom each contact was last read as. */
  const earliest = new Map<number, number>();
  const linked = new Map<number, number>();
  let owner = 'owner-1';

  const email = (index: number) => `person.${index}@example.com`;
  const hear = (at: number, index: number) => earliest.set(index, Math.min(at, earliest.get(index) ?? Infinity));
  const settle = (fact: Fact, decision = noted('A test.'), sighting: Parameters<typeof attribute>[2]['sighting'] = null) =>
    db.transaction().execute((tx) => attribute(flow, tx, { tenant, crm, fact, decision, subject: undefined, sighting }));
  const told: Fact = { type: 'deal.deleted', at: NOW, data: { deal: 'deal-1' } };

  async function move(id: EnvelopeId, set: Parameters<typeof updateEnvelope>[3]) {
    await updateEnvelope(db, tenant, id, set);
    const changes = [{ envelope: id, set: { status: set.status as never }, recipients: new Map() }];
    await settle(told, { ...noted('A test.'), changes });
  }

  const steps: { [Do in Step['do']]: (one: Extract<Step, { do: Do }>) => Promise<void> } = {
    async touch({ address: index, minutes, source }) {
      const at = clock.now() - minutes * MINUTE;
      const { id } = await db.transaction().execute((tx) => ensurePerson(tx, sealer, tenant, email(index)));
      await db.transaction().execute((tx) => recordTouches(tx, tenant, id, [{ at, source }], 'capture', clock.now()));
      hear(at, index);
    },
    async read({ contact: index, source }) {
      const readAt = clock.now();
      const now = addresses[index] ?? 0;
      const signers = [{ role: 'Buyer', name: 'Ada', email: email(now), order: 1, contact: CONTACTS[index] ?? '' }];
      await settle(told, undefined, { signers, names: source ? { first_source: source } : {}, readAt });
      const before = linked.get(index);
      if (before !== undefined && earliest.has(before)) hear(earliest.get(before) ?? 0, now);
      linked.set(index, now);
      if (source) hear(readAt, now);
    },
    become: async ({ contact: index, address: to }) => void (addresses[index] = to),
    own: async ({ owner: to }) => void (owner = `owner-${to}`),
    async send({ contact: index }) {
      // As the line does: the deal is read before anything is sent.
      await steps.read({ do: 'read', contact: index, source: '' });
      const to = addresses[index] ?? 0;
      const signer = { role: 'Buyer', name: 'Ada', email: email(to), contact: CONTACTS[index] ?? '' };
      const attribution = JSON.stringify({ value: String(1000 + sent.length), currency: 'EUR' });
      const id = await putEnvelope(db, account, [signer], { attribution, document: JSON.stringify({ owner }), requested_at: clock.now() });
      await move(id, { status: 'sent', sent_at: clock.now() });
      sent.push({ id, address: to });
      const [row] = await listAttributions(db, tenant, id);
      expect([row?.at, row?.data.owner, row?.data.first?.at]).toEqual([clock.now(), owner, earliest.get(to)]);
    },
    async move({ which, to }) {
      const one = sent[which % Math.max(sent.length, 1)];
      if (!one) return;
      const { envelope } = await getEnvelope(db, tenant, one.id);
      const done = envelope.completed_at === null && envelope.status !== 'declined' && to === 'completed' ? { completed_at: clock.now() } : {};
      const status = envelope.status === 'completed' || envelope.status === 'declined' ? envelope.status : to;
      await move(one.id, { status, ...done });
    },
    async correct({ which }) {
      const one = sent[which % Math.max(sent.length, 1)];
      const row = one && (await listAttributions(db, tenant, one.id)).at(-1);
      if (!row) return;
      const data = corrected(row.data, { first: { at: row.at - MINUTE, source: 'corrected' } });
      await db.transaction().execute((tx) => appendCorrection(tx, tenant, row, data, { by: 'a test', why: 'It was wrong.' }, clock.now()));
    },
  };
  return { db, tenant, clock, sent, run: async (one: Step) => (steps[one.do] as (one: Step) => Promise<void>)(one) };
}

test('whatever happens to people, records and owners: what is frozen stays, each point is frozen once, and the reports sum to the ledger', async () => {
  const history = async (steps: Step[]) => {
    const { db, tenant, clock, sent, run } = await openHistory();
    try {
      let before: object[] = [];
      for (const one of steps) {
        await clock.sleep(MINUTE);
        await run(one);
        const rows = await db.selectFrom('attributions').selectAll().orderBy('seq').execute();
        expect(rows.slice(0, before.length)).toEqual(before);
        const frozen = rows.filter(({ corrects }) => corrects === null).map(({ envelope, point }) => `${envelope} ${point}`);
        expect(new Set(frozen).size).toBe(frozen.length);
        before = rows;
      }
      for (const ledger of ['touches', 'attributions'] as const) expect(await verifyLedger(db, tenant, ledger)).toMatchObject({ ok: true });
      const { envelopes, touches } = await readReport(db, tenant, { from: 0, to: clock.now() + 1 }, true);
      expect(envelopes).toHaveLength(sent.length);
      const whole = sums(envelopes.flatMap(({ signed }) => signed?.data.value ?? []));
      for (const model of MODELS) expect(sums(buildReport({ by: 'source', model }, envelopes, touches).rows.flatMap(({ value }) => value))).toEqual(whole);
    } finally {
      await db.destroy();
    }
  };
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), history), { numRuns: 40 });
}, 60_000);
