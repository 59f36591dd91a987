import { hmacBase64, sameText } from '#lib/hmac';
import { Secret } from '#lib/secret';
import { CONNECTORS } from '#src/vendors';

/**
 * Whether the time of a refusal tells how much of a signature was right: medians over a wrong first and a wrong last letter, taken in turns. Run by hand:
 * `npx tsx test/walls/timing.ts`
 */
const TRIES = 100_000;
const secret = 'a secret of the app';
const body = Buffer.from('{"event":"envelope-completed"}'.repeat(20));
const right = hmacBase64(secret, body);
const other = (letter: string | undefined) => (letter === 'A' ? 'B' : 'A');
const wrongs = { first: other(right[0]) + right.slice(1), last: `${right.slice(0, -2)}${other(right.at(-2))}=` };

const inbound = CONNECTORS.find(({ manifest }) => manifest.id === 'docusign')?.inbound;
const verified = (given: string) =>
  inbound?.verify({ method: 'POST', url: 'https://countersign.example.com/', headers: { 'x-docusign-signature-1': given }, body }, [new Secret(secret)], 0).ok;

function median(times: bigint[]): number {
  return Number(times.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))[Math.floor(times.length / 2)] ?? 0n);
}

for (const [name, check] of [
  ['sameText', (given: string) => sameText(right, given)],
  ['verify', verified],
] as const) {
  const times: Record<'first' | 'last' | 'first again', bigint[]> = { first: [], last: [], 'first again': [] };
  for (let time = 0; time < TRIES; time++)
    for (const which of ['first', 'last', 'first again'] as const) {
      const given = which === 'last' ? wrongs.last : wrongs.first;
      const started = process.hrtime.bigint();
      if (check(given)) throw new Error('A wrong signature was taken.');
      times[which].push(process.hrtime.bigint() - started);
    }
  const [first, last, again] = [median(times.first), median(times.last), median(times['first again'])];
  console.log(`${name}: wrong first letter ${first} ns, wrong last letter ${last} ns, noise (the first again) ${Math.abs(first - again)} ns`);
}
