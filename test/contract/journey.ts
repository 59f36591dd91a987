import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Journey } from '#ports/crm';
import { calm, faultsContract } from './faults.ts';
import type { Connected, Place } from './place.ts';
import type { TriedCrm, TriedVendor } from './vendors.ts';

/** People join lists, once, and whoever is not there is told. */
export function journeyContract(vendor: TriedVendor, journey: Journey, tried: TriedCrm): void {
  describe('journey', () => {
    let place: Place;
    let connected: Connected;
    beforeAll(async () => {
      place = await vendor.open();
      connected = await place.connect();
    });
    afterAll(() => place.close());
    afterEach(() => calm(place));
    const join = (list: string, contacts: string[]) => journey.join(connected.call, list, contacts);

    test('joining twice is joining once, and makes the list', async () => {
      const contacts = tried.contacts(place).slice(0, 3);
      expect(await join('Signed', contacts)).toEqual({ absent: [] });
      expect(await join('Signed', contacts.slice(1))).toEqual({ absent: [] });
      expect(tried.members(place, 'Signed').sort()).toEqual([...contacts].sort());
    });
    test('who does not exist is told, and the others join', async () => {
      const [there = ''] = tried.contacts(place);
      expect(await join('Others', ['999999999', there])).toEqual({ absent: ['999999999'] });
      expect(tried.members(place, 'Others')).toEqual([there]);
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

    faultsContract(() => place, [['joining', () => join('Faults', tried.contacts(place).slice(0, 1))]]);
  });
}
