import { describe, expect, it } from 'vitest';
import { Problem } from '#core/problem';
import { erasePeople } from '#store/people';
import { eachDatabase } from '../store/databases.ts';
import { ADA, BEN, dump, NOW, sealer } from '../store/fixtures.ts';
import { forever, lostReply, notNow, openStage, type Stage } from './perform-stage.ts';

const ONCE = { journey: { repeatable: false } };
const signed = (stage: Stage, contact = 'contact-ada', envelope: `env_${string}` | null = null) =>
  stage.ask('journey.emit', { contact, event: 'Signed', data: { Template: 'NDA' } }, envelope);
const only = async (stage: Stage) => {
  const [effect] = await stage.effects();
  if (!effect) throw new Error('There is one effect.');
  return effect;
};

eachDatabase((_name, open) => {
  it('an event tells its name, its contact and what the mapping says of it, under a key of its own', async () => {
    const w = await openStage(await open());
    await signed(w);
    await w.turn();
    const { id, state } = await only(w);
    expect([state, w.asked.emitted]).toEqual(['done', [{ name: 'Signed', member: { contact: 'contact-ada', email: null }, data: { Template: 'NDA' }, key: id }]]);
    expect(await w.receipts()).toMatchObject([{ outcome: 'done', remote: 'entry-1', kind: 'journey.emit' }]);
  });

  it('an event that has no id there is told all the same', async () => {
    const w = await openStage(await open(), ONCE);
    w.does.emit = async () => ({ id: null });
    await signed(w);
    await w.turn();
    expect([await w.states(), (await w.receipts())[0]?.remote]).toEqual([['done'], null]);
  });

  describe('where telling it twice is telling it once', () => {
    it('a lost reply is tried again, with the same key', async () => {
      const w = await openStage(await open());
      w.does.emit = async () => Promise.reject(lostReply());
      await signed(w);
      await w.turn();
      expect(await w.states()).toEqual(['ready vendor.lost-reply']);
      w.does.emit = async () => ({ id: 'entry-1' });
      await w.later();
      expect(await w.states()).toEqual(['done']);
      expect(new Set(w.asked.emitted.map(({ key }) => key))).toEqual(new Set([(await only(w)).id]));
      expect(w.asked.emitted).toHaveLength(2);
    });

    it('what a process left behind is told again', async () => {
      const w = await openStage(await open());
      w.does.emit = forever;
      await signed(w);
      await w.dies(() => w.asked.emitted.length === 1);
      w.does.emit = async () => ({ id: 'entry-1' });
      await w.turn(1);
      expect([await w.states(), w.asked.emitted.length]).toEqual([['done'], 2]);
    });
  });

  describe('where telling it twice would begin it twice', () => {
    it('an outcome that is not known is asked of a person: it waits, with an alarm, and is not told again by itself', async () => {
      const w = await openStage(await open(), ONCE);
      w.does.emit = async () => Promise.reject(lostReply());
      await signed(w);
      await w.turn();
      await w.later();
      expect([await w.states(), w.asked.emitted.length, await w.alarms()]).toEqual([['parked journey.ambiguous'], 1, ['dead-letters']]);
      expect((await w.receipts()).map(({ outcome }) => outcome)).toEqual(['parked']);
    });

    it.each(['the first time', 'after a refusal', 'after a pause that was asked for'])('so is what a process left behind that died in between, %s', async (when) => {
      const w = await openStage(await open(), ONCE);
      await signed(w);
      if (when !== 'the first time') {
        w.does.emit = async () => Promise.reject(when === 'after a refusal' ? notNow() : new Problem('vendor.rate-limited', { retryAfterMs: 1000 }));
        await w.turn();
        expect((await w.states())[0]).toMatch(/^ready vendor/);
        w.clock.advance(3_600_000);
      }
      const before = w.asked.emitted.length;
      // The vendor has it; nobody here knows.
      w.does.emit = forever;
      await w.dies(() => w.asked.emitted.length === before + 1);
      w.does.emit = async () => ({ id: 'a second entry' });
      await w.turn(1);
      expect([await w.states(), w.asked.emitted.length]).toEqual([['parked journey.ambiguous'], before + 1]);
    });

    it('a person who replays it has looked: it is told once more, with the same key', async () => {
      const w = await openStage(await open(), ONCE);
      w.does.emit = async () => Promise.reject(lostReply());
      await signed(w);
      await w.turn();
      w.does.emit = async () => ({ id: 'entry-1' });
      const { id } = await only(w);
      await w.desk.replayEffect(w.account.tenant, id, 'a person');
      await w.turn();
      expect([await w.states(), w.asked.emitted.map(({ key }) => key)]).toEqual([['done'], [id, id]]);
    });

    it('a replay whose outcome is not known either is asked again, whether its answer got lost or its process died', async () => {
      const w = await openStage(await open(), ONCE);
      w.does.emit = async () => Promise.reject(lostReply());
      await signed(w);
      await w.turn();
      const { id } = await only(w);
      await w.desk.replayEffect(w.account.tenant, id, 'a person');
      await w.turn();
      expect([await w.states(), w.asked.emitted.length]).toEqual([['parked journey.ambiguous'], 2]);
      await w.desk.replayEffect(w.account.tenant, id, 'a person');
      w.does.emit = forever;
      await w.dies(() => w.asked.emitted.length === 3);
      w.does.emit = async () => ({ id: 'a second entry' });
      await w.turn(1);
      expect([await w.states(), w.asked.emitted.length]).toEqual([['parked journey.ambiguous'], 3]);
    });

    it('a person who discards it has it told no more', async () => {
      const w = await openStage(await open(), ONCE);
      w.does.emit = async () => Promise.reject(lostReply());
      await signed(w);
      await w.turn();
      await w.desk.discardEffect(w.account.tenant, (await only(w)).id, 'a person');
      await w.later();
      expect([(await only(w)).state, w.asked.emitted.length]).toEqual(['cancelled', 1]);
    });

    it.each(['vendor.unreachable', 'vendor.unavailable', 'vendor.rate-limited', 'vendor.quota'] as const)(
      '%s says that nothing was done: it is tried again by itself',
      async (code) => {
        const w = await openStage(await open(), ONCE);
        w.does.emit = async () => Promise.reject(new Problem(code, { retryAfterMs: 1000 }));
        await signed(w);
        await w.turn();
        expect(await w.states()).toEqual([`ready ${code}`]);
        w.does.emit = async () => ({ id: 'entry-1' });
        await w.later();
        expect([await w.states(), w.asked.emitted.length]).toEqual([['done'], 2]);
      },
    );

    it('a refusal is a dead letter like any other', async () => {
      const w = await openStage(await open(), ONCE);
      w.does.emit = async () => Promise.reject(new Problem('vendor.rejected'));
      await signed(w);
      await w.turn();
      expect(await w.states()).toEqual(['parked vendor.rejected']);
    });
  });

  describe('who is meant', () => {
    it('is the contact alone where the vendor knows people by it: no address is looked up, and none goes', async () => {
      const w = await openStage(await open());
      await signed(w, 'contact-ada', await w.envelope([ADA, BEN]));
      await w.turn();
      expect(w.asked.emitted.map(({ member }) => member)).toEqual([{ contact: 'contact-ada', email: null }]);
    });

    it('is an address where the vendor knows people by it: that of the recipient, looked up when the call is made', async () => {
      const w = await openStage(await open(), { journey: { person: 'email' } });
      const envelope = await w.envelope([BEN, ADA]);
      await signed(w, 'contact-ada', envelope);
      await w.ask('journey.join', { contact: 'contact-ben', list: 'Signed' }, envelope);
      await w.turn();
      expect(w.asked.emitted.map(({ member }) => member)).toEqual([{ contact: 'contact-ada', email: ADA.email }]);
      expect(w.asked.joined).toEqual([{ list: 'Signed', members: [{ contact: 'contact-ben', email: BEN.email }], status: null }]);
    });

    it('stands nowhere that it did not stand before', async () => {
      const w = await openStage(await open(), { journey: { person: 'email' } });
      await signed(w, 'contact-ada', await w.envelope([ADA]));
      await w.turn();
      expect(await w.states()).toEqual(['done']);
      expect((await dump(w.db)).filter((line) => line.includes(ADA.email))).toEqual([]);
    });

    it('is nobody where the person was erased meanwhile, or never signed it', async () => {
      const w = await openStage(await open(), { journey: { person: 'email' } });
      const envelope = await w.envelope([ADA, BEN]);
      await signed(w, 'contact-ada', envelope);
      await signed(w, 'contact-of-another', envelope);
      await signed(w, 'contact-ben', null);
      await w.db.transaction().execute((tx) => erasePeople(tx, sealer, w.account.tenant, 'contact-ada', NOW));
      await w.turn();
      const members = w.asked.emitted.map(({ member }) => member).sort((a, b) => a.contact.localeCompare(b.contact));
      expect(members).toEqual([
        { contact: 'contact-ada', email: null },
        { contact: 'contact-ben', email: null },
        { contact: 'contact-of-another', email: null },
      ]);
    });
  });

  describe('lists', () => {
    it('are joined in one call each, those with a status apart', async () => {
      const w = await openStage(await open());
      const join = (contact: string, list: string, status?: string) => w.ask('journey.join', { contact, list, ...(status === undefined ? {} : { status }) }, null);
      for (const contact of ['1', '2', '2']) await join(contact, 'Signed');
      await join('3', 'Signed', 'Responded');
      await join('4', 'Other');
      await w.turn();
      const asked = w.asked.joined.map(({ list, status, members }) => [list, status, members.map(({ contact }) => contact)]).sort();
      expect(asked).toEqual([
        ['Other', null, ['4']],
        ['Signed', null, ['1', '2']],
        ['Signed', 'Responded', ['3']],
      ]);
      expect(new Set(await w.states())).toEqual(new Set(['done']));
    });

    it('that miss somebody say so of them alone', async () => {
      const w = await openStage(await open());
      w.does.join = async () => ({ absent: ['2'] });
      for (const contact of ['1', '2', '3']) await w.ask('journey.join', { contact, list: 'Signed' }, null);
      await w.turn();
      expect(await w.states()).toEqual(['done', 'parked vendor.not-found', 'done']);
    });

    it('are joined again where an answer got lost, whatever is said of events: a member is a member', async () => {
      const w = await openStage(await open(), ONCE);
      w.does.join = async () => Promise.reject(lostReply());
      await w.ask('journey.join', { contact: '1', list: 'Signed' }, null);
      await w.turn();
      w.does.join = async () => ({ absent: [] });
      await w.later();
      expect([await w.states(), w.asked.joined.length]).toEqual([['done'], 2]);
    });
  });

  describe('on and off a list', () => {
    const join = (w: Stage, contact: string) => w.ask('journey.join', { contact, list: 'Nurture' }, null);
    const leave = (w: Stage, contact: string) => w.ask('journey.leave', { contact, list: 'Nurture' }, null);

    it('of moves that wait together the last one counts, for each person', async () => {
      const w = await openStage(await open());
      await leave(w, '1');
      await join(w, '1');
      await join(w, '2');
      await leave(w, '2');
      await leave(w, '3');
      await w.turn();
      expect(w.asked.joined.map(({ members }) => members.map(({ contact }) => contact))).toEqual([['1']]);
      expect(w.asked.left.map(({ members }) => members.map(({ contact }) => contact).sort())).toEqual([['2', '3']]);
      expect(await w.states()).toEqual(['cancelled', 'done', 'cancelled', 'done', 'done']);
    });
    it('a leave that is tried again does not undo what joined since', async () => {
      const w = await openStage(await open());
      w.does.leave = async () => Promise.reject(new Problem('vendor.rejected'));
      await leave(w, '1');
      await w.turn();
      expect(await w.states()).toEqual(['parked vendor.rejected']);
      await join(w, '1');
      await w.turn();
      w.does.leave = async () => undefined;
      const [first] = await w.effects();
      if (!first) throw new Error('It is there.');
      await w.desk.replayEffect(w.account.tenant, first.id, 'a person');
      await w.turn();
      expect([await w.states(), w.asked.left.length]).toEqual([['cancelled', 'done'], 1]);
    });
    it('a leave that waits for another try comes along with what joins later, and is not done after it', async () => {
      const w = await openStage(await open());
      w.does.leave = async () => Promise.reject(notNow());
      await leave(w, '1');
      await w.turn();
      await join(w, '1');
      await w.turn();
      w.does.leave = async () => undefined;
      await w.later();
      expect([await w.states(), w.asked.left.length, w.asked.joined.length]).toEqual([['cancelled', 'done'], 1, 1]);
    });
  });

  it.each([
    ['emit', 'journey.emit', 'takes no events'],
    ['join', 'journey.join', 'has no lists'],
    ['leave', 'journey.leave', 'takes nobody off a list'],
  ] as const)('a vendor without %s says so, and nothing else waits for it', async (slot, kind, words) => {
    const w = await openStage(await open(), { without: [slot] });
    const data = {
      'journey.emit': { contact: '1', event: 'Signed', data: {} },
      'journey.join': { contact: '1', list: 'Signed' },
      'journey.leave': { contact: '1', list: 'Signed' },
    };
    await w.ask(kind, data[kind], null);
    await w.turn();
    expect(await w.states()).toEqual(['parked feature.unsupported']);
    expect((await only(w)).error).toContain(words);
  });
});
