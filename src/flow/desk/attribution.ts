import { newId } from '#lib/ids';
import { corrected, type AttributionCorrection, type FrozenTouch } from '#core/frozen-attribution';
import { Problem } from '#core/problem';
import { cleanText, readTouches, type Touchpoint, type TouchInput } from '#core/touch';
import { appendCorrection, getAttribution, listAttributions, type AttributionRow } from '#store/attributions';
import { append, lockLedger } from '#store/ledger';
import type { Desk } from '#flow/desk';
import type { Flow } from '#flow/flow';

/** The ends of a chain as they should have been. What is given replaces that end as a whole; its time stays where none is given. */
export interface CorrectionInput {
  first?: Partial<TouchInput>;
  last?: Partial<TouchInput>;
}

export function createAttributionDesk(flow: Flow): Pick<Desk, 'correctAttribution'> {
  return {
    async correctAttribution(tenant, id, input, said, by) {
      const why = cleanText(said);
      if (why === '') throw new Problem('request.malformed', { say: 'Say why the attribution is corrected: whoever reads the ledger later wants to know.' });
      const now = flow.clock.now();
      return flow.db.transaction().execute(async (tx) => {
        // Whoever holds the ledger is alone in looking which row is the newest.
        await lockLedger(tx, tenant, 'attributions');
        const row = await getAttribution(tx, tenant, id);
        refuseOvertaken(row, await listAttributions(tx, tenant, row.envelope));
        const change = readCorrection(row, input, now);
        const { id: made } = await appendCorrection(tx, tenant, row, corrected(row.data, change), { by, why }, now);
        const detail = JSON.stringify({ envelope: row.envelope, point: row.point, row: made, corrects: id });
        await append(tx, tenant, 'audit', [{ id: newId('aud', now), at: now, actor: by, action: 'attribution.corrected', subject: row.envelope, detail }]);
        return made;
      });
    },
  };
}

/** Two people who correct one row at a time would each undo the other without a word. */
function refuseOvertaken(row: AttributionRow, rows: readonly AttributionRow[]): void {
  const newest = rows.findLast(({ point }) => point === row.point);
  if (newest?.id !== row.id) throw new Problem('request.malformed', { say: 'It was corrected since. Look at the newest correction, and correct that one if it is wrong.' });
}

function readCorrection({ data, at }: AttributionRow, { first, last }: CorrectionInput, now: number): AttributionCorrection {
  const change = { first: first && readEnd(first, data.first, at, now), last: last && readEnd(last, data.last, at, now) };
  if (!change.first && !change.last) throw new Problem('request.malformed', { say: 'Say what the first or the last touch should have been.' });
  return change;
}

function readEnd(given: Partial<TouchInput>, frozen: FrozenTouch | null, at: number, now: number): Touchpoint {
  const reading = readTouches([{ ...given, at: given.at ?? frozen?.at ?? at }], now);
  if (!reading.ok) throw new Problem('request.malformed', { say: reading.say });
  const [touch] = reading.touches;
  if (!touch || Object.keys(touch).length < 2) throw new Problem('request.malformed', { say: 'A touch needs a source or another word that describes it.' });
  return touch;
}
