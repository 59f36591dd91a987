import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ENVELOPE_STATUSES,
  impliedByRecipients,
  isFinal,
  isSettled,
  moveEnvelope,
  moveRecipient,
  RECIPIENT_STATUSES,
  ENVELOPE_RANK,
  RECIPIENT_RANK,
  type EnvelopeStatus,
  type RecipientStatus,
} from '#core/envelope';

/** What an envelope is after hearing each status, written out: `=` is "stays as it is". Columns in the order of `ENVELOPE_STATUSES`. */
const ENVELOPE_TABLE: Record<EnvelopeStatus, string> = {
  //                requested failed sent viewed partially_signed completed declined voided expired
  requested: '=         failed sent viewed partially_signed completed declined voided expired',
  failed: '=            =      sent viewed partially_signed completed declined voided expired',
  sent: '=              =      =    viewed partially_signed completed declined voided expired',
  viewed: '=            =      =    =      partially_signed completed declined voided expired',
  partially_signed: '=  =      =    =      =                completed declined voided expired',
  completed: '=         =      =    =      =                =         =        =      =',
  declined: '=          =      =    =      =                =         =        =      =',
  voided: '=            =      =    =      =                =         =        =      =',
  expired: '=           =      =    =      =                =         =        =      =',
};
const RECIPIENT_TABLE: Record<RecipientStatus, string> = {
  //         waiting sent bounced viewed signed declined
  waiting: '=  sent bounced viewed signed declined',
  sent: '=     =    bounced viewed signed declined',
  bounced: '=  =    =       viewed signed declined',
  viewed: '=   =    =       =      signed declined',
  signed: '=   =    =       =      =      =',
  declined: '= =    =       =      =      =',
};

const LATTICES = [
  {
    name: 'envelope',
    statuses: ENVELOPE_STATUSES as readonly string[],
    rank: ENVELOPE_RANK as Record<string, number>,
    table: ENVELOPE_TABLE as Record<string, string>,
    move: moveEnvelope as (now: string, heard: string) => string,
    final: isFinal as (status: string) => boolean,
  },
  {
    name: 'recipient',
    statuses: RECIPIENT_STATUSES as readonly string[],
    rank: RECIPIENT_RANK as Record<string, number>,
    table: RECIPIENT_TABLE as Record<string, string>,
    move: moveRecipient as (now: string, heard: string) => string,
    final: isSettled as (status: string) => boolean,
  },
];

describe.each(LATTICES)('the lattice of an $name', ({ statuses, rank, table, move, final }) => {
  const status = fc.constantFrom(...statuses);
  const history = fc.array(status, { maxLength: 12 });
  const after = (now: string, heard: readonly string[]) => heard.reduce(move, now);

  it('moves as the table says, and the table says everything', () => {
    expect(Object.keys(table)).toEqual(statuses);
    const moves = statuses.map((now) => [now, statuses.map((heard) => (move(now, heard) === now ? '=' : move(now, heard))).join(' ')]);
    expect(Object.fromEntries(moves)).toEqual(Object.fromEntries(Object.entries(table).map(([now, row]) => [now, row.split(/ +/).join(' ')])));
  });

  it('hearing a thing again moves nothing', () => fc.assert(fc.property(status, status, (now, heard) => move(move(now, heard), heard) === move(now, heard))));

  it('never goes back', () => fc.assert(fc.property(status, history, (now, heard) => (rank[after(now, heard)] ?? -1) >= (rank[now] ?? 0))));

  it('what is final stays', () => fc.assert(fc.property(status.filter(final), history, (now, heard) => after(now, heard) === now)));

  it('ends the same in any order and with repeats, where at most one final state is heard', () => {
    const oneFinal = fc.tuple(
      status.filter((one) => !final(one)),
      fc.array(
        status.filter((one) => !final(one)),
        { maxLength: 8 },
      ),
      fc.option(status.filter(final), { nil: undefined }),
    );
    const story = oneFinal.chain(([now, open, end]) => {
      const heard = end === undefined ? open : [...open, end];
      return fc.record({ now: fc.constant(now), heard: fc.constant(heard), mixed: fc.shuffledSubarray([...heard, ...heard], { minLength: 0 }) });
    });
    fc.assert(fc.property(story, ({ now, heard, mixed }) => after(now, [...mixed, ...heard]) === after(now, heard)));
    fc.assert(fc.property(story, fc.integer(), ({ now, heard }, turn) => after(now, [...heard.slice(turn % 5), ...heard.slice(0, turn % 5)]) === after(now, heard)));
  });

  it('of several final states, the first that is heard counts', () =>
    fc.assert(
      fc.property(
        status.filter((one) => !final(one)),
        fc.array(status.filter(final), { minLength: 1 }),
        (now, ends) => after(now, ends) === ends[0],
      ),
    ));
});

it('recipients alone never end an envelope, and say the most that any of them did', () => {
  const recipients = fc.array(fc.constantFrom(...RECIPIENT_STATUSES), { maxLength: 5 });
  fc.assert(
    fc.property(recipients, (statuses) => {
      const implied = impliedByRecipients(statuses);
      expect(isFinal(implied)).toBe(false);
      expect(implied).toBe(statuses.includes('signed') ? 'partially_signed' : statuses.includes('viewed') ? 'viewed' : 'sent');
    }),
  );
});
