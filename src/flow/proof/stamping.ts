import { createHash, randomBytes } from 'node:crypto';
import { isAhead } from '#lib/clock';
import { Problem } from '#core/problem';
import { readTimestamp, timestampQuery } from '#core/proof-timestamp';
import type { Timestamps } from '#ports/timestamps';
import { clearAlarm, raiseAlarm } from '#store/alarms';
import { headsToStamp, putTimestamp, type SignedHead } from '#store/heads';
import type { Flow } from '#flow/flow';

/** Heads stamped in one turn of the upkeep: authorities count requests. */
const HEADS_A_TURN = 20;
const NONCE_BYTES = 8;
/** After a failure the authority is left alone this long, twice as long after each further one, and an hour at most, milliseconds. */
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 3_600_000;
const ALARM = { code: 'timestamp-failing', subject: 'server' } as const;

/** Asks the authority about one signed head and keeps its answer. @throws Problem where it does not answer, or not what was asked */
export async function stampHead(flow: Flow, timestamps: Timestamps, { tenant, ledger, seq, key, line }: SignedHead): Promise<void> {
  const digest = createHash('sha256').update(line).digest();
  const nonce = randomBytes(NONCE_BYTES);
  const answer = await timestamps.ask(timestampQuery(digest, nonce));
  const at = checked(answer, digest, nonce);
  await putTimestamp(flow.db, tenant, { ledger, seq, key, token: answer.toString('base64'), at, url: timestamps.url });
}

function checked(answer: Buffer, digest: Buffer, nonce: Buffer): number {
  try {
    return readTimestamp(answer, digest, nonce);
  } catch (cause) {
    throw new Problem('vendor.odd-answer', { say: cause instanceof RangeError ? cause.message : 'The time stamp cannot be read.', cause });
  }
}

/** Stamps the newest heads, with pauses that grow while the authority fails. Nothing where no authority is configured. */
export function createStamping(flow: Flow): { turn: () => Promise<void> } {
  let failures = 0;
  let notBefore = 0;
  return {
    async turn() {
      const { timestamps } = flow;
      if (!timestamps || isAhead(notBefore, flow.clock.now(), LONGEST_PAUSE_MS)) return;
      try {
        for (const head of await headsToStamp(flow.db, HEADS_A_TURN)) {
          await stampHead(flow, timestamps, head);
          failures = 0;
        }
        if (failures === 0) await clearAlarm(flow.db, ALARM.code, ALARM.subject);
      } catch (error) {
        const problem = Problem.from(error);
        if (problem.code === 'internal.bug') throw error;
        const now = flow.clock.now();
        notBefore = now + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures);
        failures += 1;
        flow.log.warn({ code: problem.code, failures }, 'time stamp failed');
        await raiseAlarm(
          flow.db,
          { code: 'timestamp-failing', subject: ALARM.subject, tenant: null, say: `${problem.message} Heads are signed all the same; they are stamped once it answers.` },
          now,
        );
      }
    },
  };
}
