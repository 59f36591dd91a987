import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Problem } from '#core/problem';
import type { Fact } from '#core/fact';
import type { Json } from '#lib/json';
import type { Crm, RecordWrite } from '#ports/crm';
import type { Inbound } from '#ports/inbound';
import { calm, faultsContract } from './faults.ts';
import type { Connected, Place } from './place.ts';
import type { TriedCrm, TriedVendor } from './tried.ts';

/** Longer than any index lags behind what it lists. */
const LAG_MS = 20 * 60_000;

/** Reading and writing records: what is asked lands, once, and what changed is found. */
export function crmContract(vendor: TriedVendor, crm: Crm, tried: TriedCrm, inbound: Inbound): void {
  describe('crm', () => {
    let place: Place;
    let connected: Connected;
    beforeAll(async () => {
      place = await vendor.open();
      connected = await place.connect();
      await crm.prepare(connected.call);
    });
    afterAll(() => place.close());
    afterEach(() => calm(place));

    const call = () => connected.call;
    const deal = (index: number): string => tried.deals(place)[index] ?? '';
    const write = (id: string, set: RecordWrite['set'], once: string[] = []): RecordWrite => ({ record: { type: 'deal', id }, set, once });
    const value = (id: string, field: string) => tried.value(place, id, field);

    test('preparing an account makes what it lacks, if anything, and nothing the second time', async () => {
      const fresh = await vendor.open();
      const { call: own } = await fresh.connect();
      const [first, second] = [await crm.prepare(own), await crm.prepare(own)];
      expect(first.length > 0).toBe(tried.prepares);
      expect(second).toEqual([]);
      await fresh.close();
    });
    test('preparing goes on where a fault interrupted it', async () => {
      const fresh = await vendor.open();
      const { call: own } = await fresh.connect();
      fresh.sandbox.faults.lostReply = 0.5;
      for (let attempt = 0; attempt < 12; attempt++) await crm.prepare(own).catch(() => undefined);
      calm(fresh);
      await crm.prepare(own);
      const names = (await crm.describe(own)).fields.deal.map(({ name }) => name);
      expect(names).toContain(tried.text);
      expect(new Set(names).size).toBe(names.length);
      await fresh.close();
    });
    test('an account is described with its fields, stages and labels', async () => {
      const schema = await crm.describe(call());
      for (const fields of Object.values(schema.fields)) expect(fields.length).toBeGreaterThan(0);
      expect(schema.fields.deal.find(({ name }) => name === tried.text)).toMatchObject({ writable: true });
      expect(schema.fields.deal.some(({ writable }) => !writable)).toBe(true);
      const stages = schema.pipelines.flatMap((pipeline) => pipeline.stages);
      expect(stages.map(({ id }) => id)).toEqual(expect.arrayContaining(tried.stages));
      for (const { stages: own } of schema.pipelines) expect(own.map(({ order }) => order)).toEqual(own.map((_stage, index) => index));
    });
    test('deals are read in the order asked, with people and owner; those that are not there are left out', async () => {
      const read = await crm.read(call(), [deal(1), tried.nobody, deal(0)]);
      expect(read.map((one) => one.deal.id)).toEqual([deal(1), deal(0)]);
      for (const { deal: one, contacts, owner } of read) {
        expect(tried.stages).toContain(one.stage);
        expect(contacts.filter(({ primary }) => primary)).toHaveLength(1);
        expect(owner?.email).toContain('@');
      }
      expect(await crm.read(call(), [])).toEqual([]);
      expect(await crm.read(call(), [tried.nobody])).toEqual([]);
    });
    test('deals are listed for a person to pick from', async () => {
      const [first] = await crm.list(call(), { limit: 1 });
      expect(first?.name).toMatch(/\w/);
      const found = await crm.list(call(), { text: first?.name.split(' ')[0] ?? '', limit: 10 });
      expect(found.map(({ id }) => id)).toContain(first?.id);
      expect(await crm.list(call(), { text: 'nothing is called so', limit: 10 })).toEqual([]);
    });

    test('writing twice is writing once', async () => {
      const asked = [write(deal(0), { [tried.text]: 'a', [tried.other]: 'b' }), write(deal(1), { [tried.text]: 'c' })];
      const [first, second] = [await crm.write(call(), asked), await crm.write(call(), asked)];
      expect([first, second].flat().every(({ ok }) => ok)).toBe(true);
      expect([value(deal(0), tried.text), value(deal(0), tried.other), value(deal(1), tried.text)]).toEqual(['a', 'b', 'c']);
      expect(await crm.write(call(), [])).toEqual([]);
    });
    test('emptiness clears a field', async () => {
      await crm.write(call(), [write(deal(0), { [tried.text]: 'a' })]);
      expect(await crm.write(call(), [write(deal(0), { [tried.text]: null })])).toMatchObject([{ ok: true }]);
      expect(value(deal(0), tried.text)).toBeNull();
    });
    test('one bad field leaves the others written, of its own record and of the others', async () => {
      const [good, bad] = await crm.write(call(), [write(deal(0), { [tried.text]: 'good' }), write(deal(1), { [tried.text]: 'beside', [tried.unknown]: 'x' })]);
      expect(good).toMatchObject({ ok: true, written: [tried.text], left: [] });
      if (!bad?.ok) throw new Error('The whole record was refused.');
      expect(bad.written).toEqual([tried.text]);
      expect(bad.left.map(({ field, problem }) => [field, problem.remedy])).toEqual([[tried.unknown, 'reject']]);
      expect([value(deal(0), tried.text), value(deal(1), tried.text)]).toEqual(['good', 'beside']);
    });
    test('a record that is gone is told, and the others land', async () => {
      const outcomes = await crm.write(call(), [write(tried.nobody, { [tried.text]: 'x' }), write(deal(2), { [tried.text]: 'there' })]);
      expect(outcomes[0]).toMatchObject({ ok: false, problem: { code: 'vendor.not-found' } });
      expect(outcomes[1]).toMatchObject({ ok: true });
      expect(value(deal(2), tried.text)).toBe('there');
    });
    test('what may be written once is written while it is empty', async () => {
      const once = (text: string) => crm.write(call(), [write(deal(3), { [tried.once]: text, [tried.text]: text }, [tried.once])]);
      await once('first');
      expect(await once('second')).toMatchObject([{ ok: true, left: [] }]);
      expect([value(deal(3), tried.once), value(deal(3), tried.text)]).toEqual(['first', 'second']);
    });
    test('whatever bad fields stand in whatever records, all others land', async () => {
      const fields = fc.record({ good: fc.constantFrom('x', 'y', 'z'), bad: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(fc.array(fields, { minLength: 1, maxLength: 6 }), async (wanted) => {
          const outcomes = await crm.write(
            call(),
            wanted.map(({ good, bad }, index) => write(deal(index), { [tried.text]: good, ...(bad ? { [tried.unknown]: 'x' } : {}) })),
          );
          expect(outcomes.map((one) => one.ok && one.left.length)).toEqual(wanted.map(({ bad }) => (bad ? 1 : 0)));
          expect(wanted.map((_one, index) => value(deal(index), tried.text))).toEqual(wanted.map(({ good }) => good));
        }),
        { numRuns: 10 },
      );
    });

    test('a task is made once, even where its first answer got lost', async () => {
      const task = { deal: deal(4), owner: null, subject: 'Call', body: 'A signer declined.', key: 'task-1', dueAt: place.clock.now() };
      const before = tried.tasks(place, deal(4));
      place.sandbox.faults.lostReply = 1;
      await expect(crm.task(call(), task)).rejects.toMatchObject({ code: 'vendor.lost-reply' });
      calm(place);
      const [first, second] = [await crm.task(call(), task), await crm.task(call(), task)];
      expect(second.id).toBe(first.id);
      expect(tried.tasks(place, deal(4))).toBe(before + 1);
      expect((await crm.task(call(), { ...task, key: 'task-2' })).id).not.toBe(first.id);
    });

    describe('changes', () => {
      const factsOf = (notices: Awaited<ReturnType<Crm['changes']>>['notices']): Fact[] =>
        notices.flatMap((notice) => inbound.decode(JSON.parse(JSON.stringify(notice)) as typeof notice, { appId: place.appId }));
      async function poll(cursor: Json): Promise<{ facts: Fact[]; cursor: Json }> {
        const facts: Fact[] = [];
        let at = cursor;
        for (let page = 0; page < 50; page++) {
          // Search has a limit by the second.
          place.clock.skip(1000);
          const changes = await crm.changes(call(), at, place.clock.now());
          facts.push(...factsOf(changes.notices));
          // As it is stored: the cursor survives being a text.
          at = JSON.parse(JSON.stringify(changes.cursor)) as Json;
          if (!changes.more) return { facts, cursor: at };
        }
        throw new Error('The pages do not end.');
      }

      test('are all found, whatever changes when, and however often it is asked', async () => {
        const step = fc.oneof(
          fc.record({ deal: fc.nat(5), stage: fc.constantFrom(...tried.stages) }),
          fc.constant('poll' as const),
          fc.record({ pause: fc.integer({ min: 1, max: 10 * 60_000 }) }),
        );
        await fc.assert(
          fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
            let { cursor } = await poll(null);
            const found: Fact[] = [];
            const moved = new Map<string, string>();
            for (const one of [...steps, { pause: LAG_MS }, 'poll' as const]) {
              if (one === 'poll') {
                const polled = await poll(cursor);
                cursor = polled.cursor;
                found.push(...polled.facts);
              } else if ('pause' in one) place.clock.skip(one.pause);
              else {
                // A move to where the deal stands is none.
                if (tried.stage(place, deal(one.deal)) !== one.stage) moved.set(deal(one.deal), one.stage);
                tried.move(place, deal(one.deal), one.stage);
              }
            }
            const told = found.flatMap((fact) => (fact.type === 'deal.stage-changed' ? [`${fact.data.deal} ${fact.data.stage ?? ''}`] : []));
            expect([...moved].filter(([id, stage]) => !told.includes(`${id} ${stage}`))).toEqual([]);
          }),
          { numRuns: 8 },
        );
      });
      test('heard again are the same notices', async () => {
        tried.move(place, deal(0), tried.stages[1] ?? '');
        place.clock.skip(LAG_MS);
        tried.move(place, deal(0), tried.stages[2] ?? '');
        const now = place.clock.now();
        const [first, second] = [await crm.changes(call(), null, now), await crm.changes(call(), null, now)];
        expect(second.notices.map(({ key }) => key)).toEqual(first.notices.map(({ key }) => key));
        expect(first.notices.length).toBeGreaterThan(0);
      });
      test('from a cursor that is none begin anew instead of failing', async () => {
        for (const cursor of ['x', 5, [], { from: 'x' }]) {
          place.clock.skip(LAG_MS);
          expect((await crm.changes(call(), cursor, place.clock.now())).notices).toBeInstanceOf(Array);
        }
      });
    });

    faultsContract(
      () => place,
      [
        ['reading', () => crm.read(call(), [deal(0)])],
        ['writing', () => crm.write(call(), [write(deal(0), { [tried.text]: 'fault' })])],
        ['asking for changes', () => crm.changes(call(), null, place.clock.now())],
        ['describing', () => crm.describe(call())],
      ],
    );
    test('a write whose answer got lost has landed all the same', async () => {
      place.sandbox.faults.lostReply = 1;
      await crm.write(call(), [write(deal(5), { [tried.text]: 'landed' })]).catch((error: unknown) => expect(Problem.from(error).code).toBe('vendor.lost-reply'));
      expect(value(deal(5), tried.text)).toBe('landed');
    });
  });
}
