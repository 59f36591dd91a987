import { describe, expect, test } from 'vitest';
import { newId } from '#lib/ids';
import type { Call } from '#ports/call';
import type { EnvelopeRequest, Sign } from '#ports/sign';
import { calm } from './faults.ts';
import type { Place } from './place.ts';
import type { TriedSigning } from './tried.ts';

/** Who signs at our side of the wire is mailed nothing, and only they, in their turn, are given an address. A provider without the slot mails everybody. */
export function viewContract(sign: Sign, tried: TriedSigning, at: () => { place: Place; call: Call }): void {
  const { view } = sign;
  if (!view) return;
  const BACK = 'https://countersign.example.com/back';
  const [first, second] = tried.request('env_example').recipients;
  if (!first || !second) throw new Error('Two signers are needed to try a provider.');
  const mailsTo = (email: string) => at().place.mails.filter(({ to }) => to === email).length;

  async function out(embedded: readonly string[] = [first?.role ?? '']): Promise<string> {
    const asked = tried.request(newId('env'));
    const recipients: EnvelopeRequest['recipients'] = asked.recipients.map((one) => (embedded.includes(one.role) ? { ...one, embedded: true } : one));
    const { id } = await sign.draft(at().call, { ...asked, recipients });
    await sign.send(at().call, id);
    return id;
  }

  describe('embedded signing', () => {
    test('mails nothing to whoever signs here, neither at send nor as a reminder, and mails the others in their turn', async () => {
      const before = [mailsTo(first.email), mailsTo(second.email)];
      const remote = await out();
      await sign.remind(at().call, remote);
      expect([mailsTo(first.email), mailsTo(second.email)]).toEqual(before);
      tried.sign(at().place, remote, first.role);
      expect([mailsTo(first.email), mailsTo(second.email)]).toEqual([before[0], (before[1] ?? 0) + 1]);
    });
    test('gives another address each time, at one of the vendor’s own hosts', async () => {
      const remote = await out();
      const addresses = [await view(at().call, remote, first, BACK), await view(at().call, remote, first, BACK)];
      expect(new Set(addresses).size).toBe(2);
      for (const address of addresses) expect(new URL(address).origin).toBe(new URL(at().call.install.baseUrl).origin);
    });
    test('is for nobody else: not who is mailed, not who comes later, and no other name or address', async () => {
      const remote = await out([first.role, second.role]);
      const others = [second, { ...first, email: 'somebody.else@example.com' }, { ...first, name: 'Somebody Else' }, { ...first, role: 'No such role' }];
      for (const other of others) await expect(view(at().call, remote, other, BACK)).rejects.toMatchObject({ remedy: 'reject' });
      await expect(view(at().call, await out([]), first, BACK)).rejects.toMatchObject({ remedy: 'reject' });
    });
    test('ends with the envelope, and there is none of what is not there', async () => {
      const remote = await out();
      await sign.void(at().call, remote, 'Wrong price.');
      await expect(view(at().call, remote, first, BACK)).rejects.toMatchObject({ code: 'envelope.final' });
      await expect(view(at().call, 'none', first, BACK)).rejects.toMatchObject({ code: 'vendor.not-found' });
    });
    test('says when the provider is out of order', async () => {
      const remote = await out();
      at().place.sandbox.faults.unavailable = 1;
      await expect(view(at().call, remote, first, BACK)).rejects.toMatchObject({ remedy: 'retry' });
      calm(at().place);
    });
  });
}
