import { describe, expect, test } from 'vitest';
import { newId } from '#lib/ids';
import type { Call } from '#ports/call';
import type { Sign } from '#ports/sign';
import { calm } from './faults.ts';
import type { Place } from './place.ts';
import type { TriedSigning } from './tried.ts';

/** What a provider tells of boxes and fields once all have signed. A provider without the slot has nothing to tell. */
export function answersContract(sign: Sign, tried: TriedSigning, at: () => { place: Place; call: Call }): void {
  test('who tells what signers tick is tried with a template that asks, and nobody else', () => expect(sign.answers === undefined).toBe(tried.asks === undefined));
  const { asks } = tried;
  const tell = sign.answers;
  if (!asks || !tell) return;

  async function out(): Promise<string> {
    const { call } = at();
    const { id } = await sign.draft(call, asks?.request(newId('env')) ?? tried.request(newId('env')));
    await sign.send(call, id);
    return id;
  }
  async function completed(...ticked: string[]): Promise<string> {
    const remote = await out();
    for (const { role } of asks?.request('env_example').recipients ?? []) asks?.sign(at().place, remote, role, role === asks.role ? ticked : []);
    return remote;
  }

  describe('answers', () => {
    const [first, second] = asks.boxes;
    test('a template tells its boxes apart from its fields', async () => {
      const request = asks.request('env_example');
      const template = (await sign.templates(at().call)).find(({ id }) => id === request.template);
      for (const label of asks.boxes) {
        expect(template?.checkboxes).toContainEqual({ label, role: asks.role });
        expect(template?.fields.map((field) => field.label)).not.toContain(label);
      }
      expect(template?.fields.find(({ label, role }) => label === asks.carried.label && role === asks.role)).toEqual({ label: asks.carried.label, role: asks.role });
    });
    test('each box says by itself whether it was ticked, and a field comes back as it was sent', async () => {
      for (const ticked of [[], [first], [second], [first, second]]) {
        const { answers } = await tell(at().call, await completed(...ticked));
        const own = answers.filter(({ role }) => role === asks.role);
        for (const label of asks.boxes) expect(own.filter((answer) => answer.label === label).map((answer) => answer.ticked)).toEqual([ticked.includes(label)]);
        expect(own.filter(({ label }) => label === asks.carried.label).map(({ value }) => value)).toEqual([asks.carried.value]);
      }
    });
    test('every signer is told, with their role, their address, how they were known and when they signed', async () => {
      const { signers } = await tell(at().call, await completed(first));
      const asked = asks.request('env_example').recipients;
      expect(signers.map(({ role, email }) => [role, email]).sort()).toEqual(asked.map(({ role, email }) => [role, email]).sort());
      for (const { method, at: time } of signers) expect([method.length > 0, time !== null && time <= at().place.clock.now()]).toEqual([true, true]);
    });
    test('the hash is that of the document, the same each time, and of another envelope another', async () => {
      const remote = await completed(first);
      const { documentHash } = await tell(at().call, remote);
      expect(documentHash).toMatch(/^[0-9a-f]{64}$/);
      expect((await tell(at().call, remote)).documentHash).toBe(documentHash);
      expect((await tell(at().call, await completed(first))).documentHash).not.toBe(documentHash);
    });
    test('there are none before the end, nor of what is not there', async () => {
      await expect(tell(at().call, await out())).rejects.toMatchObject({ code: 'vendor.not-found' });
      await expect(tell(at().call, 'none')).rejects.toMatchObject({ code: 'vendor.not-found' });
    });
    test('a provider that is out of order says so, and never that nothing was ticked', async () => {
      const remote = await completed(first);
      at().place.sandbox.faults.unavailable = 1;
      await expect(tell(at().call, remote)).rejects.toMatchObject({ remedy: 'retry' });
      calm(at().place);
    });
  });
}
