import type { Call } from '#ports/call';
import type { Place } from './place.ts';
import type { TriedVendor } from './tried.ts';

/** One call of each kind that needs the permission, each a piece of work of its own. */
export function usesOf({ connector, lists, events }: TriedVendor, place: Place): ((call: Call) => Promise<unknown>)[] {
  const { crm, sign, journey } = connector;
  const uses: ((call: Call) => Promise<unknown>)[] = [];
  if (crm) uses.push((call) => crm.describe(call));
  if (sign) uses.push((call) => sign.templates(call));
  if (uses.length > 0) return uses;
  const { join, emit } = journey ?? {};
  if (join && lists)
    uses.push((call) =>
      join(
        call,
        'In use',
        lists
          .contacts(place)
          .slice(0, 1)
          .map((one) => lists.memberOf(one)),
        null,
      ),
    );
  if (emit && events) uses.push((call) => emit(call, { name: events.name, member: events.member, data: events.data, key: 'in-use' }));
  return uses;
}
