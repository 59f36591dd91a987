import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Journey, Member } from '#ports/crm';
import { calm, faultsContract } from './faults.ts';
import type { Connected, Place } from './place.ts';
import type { TriedEvents, TriedLists, TriedVendor } from './tried.ts';

/** People join lists, once, and whoever is not there is told. */
export function joinContract(vendor: TriedVendor, add: NonNullable<Journey['join']>, tried: TriedLists): void {
  describe('journey: lists', () => {
    let place: Place;
    let connected: Connected;
    beforeAll(async () => {
      place = await vendor.open();
      connected = await place.connect();
    });
    afterAll(() => place.close());
    afterEach(() => calm(place));
    const joinMembers = (list: string, members: Member[], status: string | null = null) => add(connected.call, list, members, status);
    const join = (list: string, contacts: string[], status: string | null = null) =>
      joinMembers(
        list,
        contacts.map((contact) => tried.memberOf(contact)),
        status,
      );

    test('joining twice is joining once, and makes the list', async () => {
      const contacts = tried.contacts(place).slice(0, 3);
      expect(await join('Signed', contacts)).toEqual({ absent: [] });
      expect(await join('Signed', contacts.slice(1))).toEqual({ absent: [] });
      expect(tried.members(place, 'Signed').sort()).toEqual([...contacts].sort());
    });
    test('who does not exist is told, and the others join', async () => {
      const [there = ''] = tried.contacts(place);
      expect(await joinMembers('Others', [tried.nobody, tried.memberOf(there)])).toEqual({ absent: [tried.nobody.contact] });
      expect(tried.members(place, 'Others')).toEqual([there]);
    });
    test('a person who is named twice in one call joins once', async () => {
      const [there = ''] = tried.contacts(place);
      expect(await join('Twice', [there, there])).toEqual({ absent: [] });
      expect(tried.members(place, 'Twice')).toEqual([there]);
    });
    test('a status is set where members have one, and is no reason to refuse anybody where they have none', async () => {
      const [there = ''] = tried.contacts(place);
      expect(await join('With a status', [there], 'Responded')).toEqual({ absent: [] });
      expect(await join('With a status', [there], 'Sent')).toEqual({ absent: [] });
      expect(tried.members(place, 'With a status')).toEqual([there]);
    });
    test('nobody is nothing', async () => {
      expect(await join('Nobody', [])).toEqual({ absent: [] });
      expect(tried.members(place, 'Nobody')).toEqual([]);
    });
    test('one list at the same time from many sides is one list', async () => {
      const contacts = tried.contacts(place).slice(0, 4);
      await Promise.all(contacts.map((contact) => join('Together', [contact])));
      expect(tried.members(place, 'Together').sort()).toEqual([...contacts].sort());
    });
    test('joining whose answer got lost can be done again', async () => {
      const [first = ''] = tried.contacts(place);
      place.sandbox.faults.lostReply = 1;
      await expect(join('Lost', [first])).rejects.toMatchObject({ code: 'vendor.lost-reply' });
      calm(place);
      expect(await join('Lost', [first])).toEqual({ absent: [] });
      expect(tried.members(place, 'Lost')).toEqual([first]);
    });

    const { leave } = vendor.connector.journey ?? {};
    if (leave) {
      const off = (list: string, contacts: string[]) =>
        leave(
          connected.call,
          list,
          contacts.map((contact) => tried.memberOf(contact)),
        );
      test('leaving twice is leaving once, and the others stay', async () => {
        const contacts = tried.contacts(place).slice(0, 3);
        const [first = '', ...others] = contacts;
        await join('Nurture', contacts);
        await off('Nurture', [first]);
        await off('Nurture', [first, first]);
        expect(tried.members(place, 'Nurture').sort()).toEqual([...others].sort());
      });
      test('who left can join again', async () => {
        const [there = ''] = tried.contacts(place);
        await join('Held and released', [there]);
        await off('Held and released', [there]);
        expect(await join('Held and released', [there])).toEqual({ absent: [] });
        expect(tried.members(place, 'Held and released')).toEqual([there]);
      });
      test('who is not on the list, or not there at all, is off it; so is everybody where there is no list, and none is made', async () => {
        const [one = '', other = ''] = tried.contacts(place);
        await join('Short', [one]);
        await leave(connected.call, 'Short', [tried.nobody, tried.memberOf(other)]);
        expect(tried.members(place, 'Short')).toEqual([one]);
        await off('Nobody ever made this', [one]);
        await off('Short', []);
        expect(tried.members(place, 'Short')).toEqual([one]);
        expect(JSON.stringify(place.sandbox.state()).includes('Nobody ever made this')).toBe(false);
      });
      test('leaving whose answer got lost can be done again', async () => {
        const [first = ''] = tried.contacts(place);
        await join('Left and lost', [first]);
        place.sandbox.faults.lostReply = 1;
        await expect(off('Left and lost', [first])).rejects.toMatchObject({ code: 'vendor.lost-reply' });
        calm(place);
        await off('Left and lost', [first]);
        expect(tried.members(place, 'Left and lost')).toEqual([]);
      });
      faultsContract(() => place, [['leaving', () => off('Faults', tried.contacts(place).slice(0, 1))]]);
    }

    faultsContract(() => place, [['joining', () => join('Faults', tried.contacts(place).slice(0, 1))]]);
  });
}

/** Journeys are told of an event, once for each call, and whoever tells learns what became of it. */
export function emitContract(vendor: TriedVendor, emit: NonNullable<Journey['emit']>, tried: TriedEvents): void {
  describe('journey: events', () => {
    let place: Place;
    let connected: Connected;
    beforeAll(async () => {
      place = await vendor.open();
      connected = await place.connect();
    });
    afterAll(() => place.close());
    afterEach(() => calm(place));
    const { member, data } = tried;
    const tell = (name = tried.name, key = 'effect-1') => emit(connected.call, { name, member, data, key });

    test('one call tells of one event, and gives an id where the vendor does', async () => {
      const before = tried.told(place);
      const { id } = await tell();
      expect(tried.told(place)).toBe(before + 1);
      expect(id).not.toBe('');
    });
    test('a value that is none is no reason to refuse the event', async () => {
      const before = tried.told(place);
      await emit(connected.call, { name: tried.name, member, data: { ...data, DealName: null }, key: 'effect-2' });
      expect(tried.told(place)).toBe(before + 1);
    });
    if (tried.refused.length > 0)
      test('an event that the vendor does not take is refused for good', async () => {
        const before = tried.told(place);
        for (const name of tried.refused) await expect(tell(name)).rejects.toMatchObject({ code: 'vendor.rejected', remedy: 'reject' });
        expect(tried.told(place)).toBe(before);
      });
    if (vendor.connector.manifest.journey.repeatable && tried.once !== false)
      test('the same event told twice is one', async () => {
        await tell(tried.name, 'effect-again');
        const before = tried.told(place);
        await tell(tried.name, 'effect-again');
        expect(tried.told(place)).toBe(before);
      });
    if (!vendor.connector.manifest.journey.repeatable)
      test('the same event told twice is two, which is why nobody repeats it unasked', async () => {
        const before = tried.told(place);
        const [first, second] = [await tell(), await tell()];
        expect(second.id).not.toBe(first.id);
        expect(tried.told(place)).toBe(before + 2);
      });
    test('where the answer got lost, that is said: it may have been told', async () => {
      const before = tried.told(place);
      place.sandbox.faults.lostReply = 1;
      await expect(tell(tried.name, 'effect-lost')).rejects.toMatchObject({ code: 'vendor.lost-reply' });
      calm(place);
      expect(tried.told(place)).toBe(before + 1);
    });

    faultsContract(() => place, [['telling', () => tell()]]);
  });
}
