import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ActStatus, ConsentTopic } from '#core/consent';
import type { Call } from '#ports/call';
import type { ConsentChange, Consents } from '#ports/consents';
import { calm, faultsContract } from './faults.ts';
import type { Connected, Place } from './place.ts';
import type { KnownPerson, TriedConsents, TriedVendor } from './tried.ts';

let told = 0;
const NOBODY_SAID = { locale: 'en', jurisdiction: 'EU', expiresAt: null, evidenceUri: 'https://connector.example.com/t/ten_1/consents/cns_1' };

/** An act of a person about a topic, as the product tells it. Each has a key of its own. */
export function actOf(place: Place, { contact, email }: KnownPerson, topic: ConsentTopic, status: ActStatus): ConsentChange {
  const key = `cns_contract${++told}`;
  const text = { name: 'newsletter', version: 2, hash: 'a'.repeat(64), title: 'Our newsletter' };
  const explanation = `${status} (capture). Wording: "${text.title}", version 2. Record ${key}.`;
  return { contact, email, topic, status, basis: 'consent', how: 'capture', explanation, text, capturedAt: place.clock.now(), key, ...NOBODY_SAID };
}

/** A system that keeps consent hears of each act once, and never lets anybody in who has objected there. */
export function consentsContract(vendor: TriedVendor, { tell }: Consents, tried: TriedConsents): void {
  describe('consents', () => {
    let place: Place;
    let connected: Connected;
    let people: KnownPerson[] = [];
    beforeAll(async () => {
      place = await vendor.open();
      connected = await place.connect();
      people = tried.people(place);
    });
    afterAll(() => place.close());
    afterEach(() => calm(place));
    /** Somebody of whom nobody has said anything. */
    const next = (): KnownPerson => {
      const person = people.shift();
      if (!person) throw new Error('The sandbox has too few people.');
      return person;
    };
    const say = (person: KnownPerson, status: ActStatus, topic = tried.topic) => tell(connected.call, actOf(place, person, topic, status));
    const stands = (person: KnownPerson) => tried.stands(place, person, tried.topic);

    test('an agreement stands there, and telling it twice is telling it once', async () => {
      const change = actOf(place, next(), tried.topic, 'granted');
      expect(await tell(connected.call, change)).toMatchObject({ outcome: 'told' });
      expect(stands(change)).toBe('in');
      const records = tried.records(place);
      expect(await tell(connected.call, change)).toMatchObject({ outcome: 'already' });
      expect(tried.records(place)).toBe(records);
    });
    test('a withdrawal ends an agreement, and telling it twice is telling it once', async () => {
      const person = next();
      await say(person, 'granted');
      const change = actOf(place, person, tried.topic, 'withdrawn');
      expect(await tell(connected.call, change)).toMatchObject({ outcome: 'told' });
      expect(stands(person)).toBe('out');
      const records = tried.records(place);
      expect(await tell(connected.call, change)).toMatchObject({ outcome: 'already' });
      expect(tried.records(place)).toBe(records);
    });
    test('who declines is out', async () => {
      const person = next();
      expect(await say(person, 'declined')).toMatchObject({ outcome: 'told' });
      expect(stands(person)).toBe('out');
    });
    test('a withdrawal from everything ends each of it', async () => {
      const person = next();
      await say(person, 'granted');
      expect(await say(person, 'withdrawn', { ...tried.topic, purpose: null })).toMatchObject({ outcome: 'told' });
      expect(stands(person)).toBe('out');
    });
    test('who objected there is never opted in again by machine', async () => {
      const person = next();
      const before = actOf(place, person, tried.topic, 'granted');
      tried.object(place, person, tried.topic);
      for (const change of [before, actOf(place, person, tried.topic, 'granted')]) expect(await tell(connected.call, change)).toMatchObject({ outcome: 'kept-out' });
      expect(stands(person)).toBe('out');
    });
    test('who objected to everything there is never opted in by machine either', async () => {
      const person = next();
      tried.object(place, person, { ...tried.topic, purpose: null });
      expect(await say(person, 'granted')).toMatchObject({ outcome: 'kept-out' });
      expect(stands(person)).toBe('out');
    });
    test('an objection after our agreement holds against the same agreement told again', async () => {
      const person = next();
      const change = actOf(place, person, tried.topic, 'granted');
      await tell(connected.call, change);
      tried.object(place, person, tried.topic);
      expect(await tell(connected.call, change)).toMatchObject({ outcome: 'kept-out' });
      expect(stands(person)).toBe('out');
    });
    if (tried.placeless.length > 0)
      test('what it has no place for is said, and nothing is written', async () => {
        const person = next();
        const records = tried.records(place);
        for (const topic of tried.placeless) {
          const answer = await say(person, 'granted', topic);
          expect(answer).toMatchObject({ outcome: 'no-place' });
          expect(answer.say.length).toBeGreaterThan(20);
        }
        expect(tried.records(place)).toBe(records);
      });
    test('the withdrawal of a person who was erased here still reaches their contact', async () => {
      const person = next();
      await say(person, 'granted');
      expect(await say({ ...person, email: null }, 'withdrawn')).toMatchObject({ outcome: 'told' });
      expect(stands(person)).toBe('out');
    });
    test('a contact who is not there is no failure', async () => {
      expect(await say({ contact: tried.nobody, email: null }, 'withdrawn')).toMatchObject({ outcome: 'no-place' });
    });
    test('no answer names the person', async () => {
      const person = next();
      const answers = [
        await say(person, 'granted'),
        await say(person, 'withdrawn'),
        await say(person, 'granted', tried.placeless[0] ?? { type: 'terms', purpose: null, channel: null }),
      ];
      for (const answer of answers) expect(JSON.stringify(answer)).not.toContain(person.email ?? '@');
    });
    test.each(['granted', 'withdrawn'] as const)('whichever answer gets lost, "%s" told again is told once', async (status) => {
      const person = next();
      if (status === 'withdrawn') await say(person, 'granted');
      const change = actOf(place, person, tried.topic, status);
      let lost = 0;
      for (let at = 0; at < 10; at++) {
        // Nothing of an earlier try is undone: each goes on from what the last one left.
        const outcome = await tell(losing(connected.call, place, at), change).catch((error: unknown) => error);
        calm(place);
        if (outcome instanceof Error) {
          expect(outcome).toMatchObject({ code: 'vendor.lost-reply', remedy: 'retry' });
          lost++;
        }
      }
      expect(lost).toBeGreaterThan(0);
      const records = tried.records(place);
      expect(await tell(connected.call, change)).toMatchObject({ outcome: 'already' });
      expect(tried.records(place)).toBe(records);
      expect(stands(person)).toBe(status === 'granted' ? 'in' : 'out');
      expect(tried.recordsOf(place, person)).toBeLessThanOrEqual(1);
    });

    faultsContract(() => place, [['telling', () => tell(connected.call, actOf(place, tried.people(place)[0] ?? next(), tried.topic, 'withdrawn'))]]);
  });
}

/** A call of which one answer, the one at that place, never arrives. */
function losing(call: Call, place: Place, at: number): Call {
  let sent = 0;
  const arm = () => {
    place.sandbox.faults.lostReply = sent++ === at ? 1 : 0;
  };
  return {
    ...call,
    request(request) {
      arm();
      return call.request(request);
    },
    through(send, unauthorized) {
      arm();
      return call.through(send, unauthorized);
    },
  };
}
