import { afterEach, describe, expect, it } from 'vitest';
import { ENVELOPE_RANK, moveEnvelope, type EnvelopeStatus } from '#core/envelope';
import { manualClock } from '#lib/clock';
import type { Fact } from '#core/fact';
import { createDocuSignSandbox } from '#connectors/docusign/sandbox';
import { connectFaults, faultsOf } from './contract.ts';
import { KEYS, openWorld, orderForm, OWN, signSlot, type World } from './world.ts';

const { sign } = signSlot();
let world: World;
afterEach(() => world.close());

const statuses = (facts: readonly Fact[]) => facts.flatMap((fact) => (fact.type === 'envelope.status' ? [fact.data.status] : []));
const finalOf = (facts: readonly Fact[]) => statuses(facts).reduce(moveEnvelope, 'requested' as EnvelopeStatus);
const linkIn = (text: RegExp) => world.mails.find(({ subject, link }) => text.test(subject) && link)?.link?.url ?? '';

async function start() {
  const { id } = await sign.draft(world.call, orderForm());
  await sign.send(world.call, id);
  return id;
}
const post = (url: string, form: Record<string, string>) => fetch(url, { method: 'POST', body: new URLSearchParams(form) });

describe('one envelope, from draft to completed', () => {
  it("goes through people's hands in routing order, and every step is heard", async () => {
    world = await openWorld();
    const id = await start();
    expect(world.mails.map(({ to }) => to)).toEqual(['ines.duarte@example.com']);

    const customer = linkIn(/Order form/);
    const paper = await (await fetch(customer)).text();
    expect(paper).toContain('Meadow Labs, 40 seats');
    expect(paper).toContain('2026-09-01');
    expect(await (await post(`${customer}/sign`, { name: '', agree: 'yes' })).text()).toContain('role="alert"');
    expect(await (await post(`${customer}/sign`, { name: 'Ines Duarte', agree: 'yes' })).text()).toContain('Thank you');
    expect(world.mails.at(-1)?.to).toBe('robin.vega@example.com');

    const counter = world.mails.at(-1)?.link?.url ?? '';
    await fetch(counter);
    expect(await (await post(`${counter}/sign`, { name: 'Robin Vega', agree: 'yes' })).text()).toContain('Everyone has signed');
    await world.sandbox.quiet();

    const heard = world.receiver.bodies().map(({ event }) => event);
    expect([...heard].sort()).toEqual(
      [
        'envelope-sent',
        'recipient-sent',
        'recipient-delivered',
        'recipient-completed',
        'recipient-sent',
        'recipient-delivered',
        'envelope-delivered',
        'recipient-completed',
        'envelope-completed',
      ].sort(),
    );
    expect(world.receiver.refused).toEqual([]);
    expect(finalOf(world.receiver.facts)).toBe('completed');
    expect(new Set(statuses(world.receiver.facts))).toEqual(new Set(['sent', 'viewed', 'partially_signed', 'completed']));
    for (const fact of world.receiver.facts) expect(fact.data).toMatchObject({ remote: id, envelope: OWN, seenBy: 'webhook' });
    expect(world.receiver.bodies().flatMap(connectFaults)).toEqual([]);
    expect(world.exchanges.flatMap(faultsOf)).toEqual([]);
    expect(world.mails.filter(({ subject }) => subject.startsWith('Completed'))).toHaveLength(2);
  });

  it('ends the same while webhooks come twice, out of order and late', async () => {
    world = await openWorld();
    Object.assign(world.sandbox.faults, { duplicate: 0.6, reorder: 0.5, delay: 0.5, maxPauseMs: 40 });
    const id = await start();
    for (const role of ['Customer', 'Countersigner']) {
      world.sandbox.open(id, role);
      world.sandbox.sign(id, role);
    }
    await world.sandbox.quiet();
    expect(world.receiver.deliveries.length).toBeGreaterThan(world.receiver.notices.size);
    expect(world.receiver.notices.size).toBe(9);
    expect(finalOf(world.receiver.facts)).toBe('completed');
  });

  it('ends the same when every webhook is lost, because reconciliation asks', async () => {
    world = await openWorld();
    world.sandbox.faults.drop = 1;
    const id = await start();
    world.sandbox.sign(id, 'Customer');
    world.sandbox.sign(id, 'Countersigner');
    await world.sandbox.quiet();
    expect(world.receiver.deliveries).toEqual([]);
    const { notices } = await sign.changes(world.call, null, Date.now());
    expect(finalOf(notices.flatMap((notice) => signSlot().inbound.decode(notice, { appId: '' })))).toBe('completed');
  });

  it('is not moved by webhooks that are signed wrongly', async () => {
    world = await openWorld();
    world.sandbox.faults.wrongSignature = 1;
    await start();
    // The vendor would repeat them for a while; the first attempts are all that matters here.
    await expect.poll(() => world.receiver.refused.length).toBeGreaterThanOrEqual(2);
    expect(new Set(world.receiver.refused)).toEqual(new Set(['mismatch']));
    expect(world.receiver.facts).toEqual([]);
  });
});

describe('Connect', () => {
  it('repeats what was not accepted, with a higher count and the same key', async () => {
    world = await openWorld();
    world.receiver.stumble.push(503, 503);
    await start();
    await world.sandbox.quiet();
    const bodies = world.receiver.bodies();
    expect(bodies.map(({ retryCount }) => retryCount)).toContain(1);
    expect(world.receiver.notices.size).toBe(2);
    const times = (event: string) => new Set(bodies.filter((body) => body['event'] === event).map(({ generatedDateTime }) => generatedDateTime));
    expect(times('envelope-sent').size).toBe(1);
  });
  it('signs once for each live key', async () => {
    world = await openWorld();
    await start();
    await world.sandbox.quiet();
    const names = Object.keys(world.receiver.deliveries[0]?.headers ?? {}).filter((name) => name.startsWith('x-docusign-signature'));
    expect(names).toEqual(KEYS.map((_, index) => `x-docusign-signature-${index + 1}`));
  });
});

describe('other ends', () => {
  it('a decline comes with its reason, kept apart from the ledger', async () => {
    world = await openWorld();
    const id = await start();
    const page = await post(`${linkIn(/Order form/)}/decline`, { reason: 'The price is wrong.' });
    expect(await page.text()).toContain('You have declined');
    await world.sandbox.quiet();
    const declined = world.receiver.facts.find((fact) => fact.type === 'envelope.status' && fact.data.status === 'declined');
    expect(declined?.personal).toEqual({ reason: 'The price is wrong.' });
    expect(JSON.stringify(declined?.data)).not.toContain('price');
    expect(world.sandbox.sign(id, 'Customer')).toBe(false);
  });
  it('an envelope whose days are over expires by itself, and is not a void', async () => {
    const clock = manualClock();
    world = await openWorld({ clock });
    await start();
    clock.advance(15 * 86_400_000);
    await fetch(`${world.base}/`);
    await world.sandbox.quiet();
    expect(finalOf(world.receiver.facts)).toBe('expired');
    expect(await (await fetch(linkIn(/Order form/))).text()).toContain('Envelope has expired.');
  });
  it('the vendor reminds by itself as asked', async () => {
    const clock = manualClock();
    world = await openWorld({ clock });
    await start();
    for (const days of [2, 2, 1]) {
      clock.advance(days * 86_400_000);
      await fetch(`${world.base}/`);
    }
    expect(world.mails.filter(({ subject }) => subject.startsWith('Reminder'))).toHaveLength(2);
  });
  it('a bounced mail is heard of its recipient', async () => {
    world = await openWorld();
    const id = await start();
    expect(world.sandbox.bounce(id, 'Customer')).toBe(true);
    await world.sandbox.quiet();
    const bounced = world.receiver.facts.at(-1);
    expect(world.receiver.facts.some((fact) => fact.type === 'envelope.status' && fact.data.recipients[0]?.status === 'bounced')).toBe(true);
    expect(bounced && ENVELOPE_RANK[finalOf(world.receiver.facts)]).toBeLessThan(9);
  });
  it('whose turn it is not may look and not sign', async () => {
    world = await openWorld();
    const id = await start();
    const later = world.sandbox.envelopes()[0]?.recipients[1]?.token ?? '';
    expect(await (await fetch(`${world.base}/sign/${later}`)).text()).toContain('not your turn');
    await post(`${world.base}/sign/${later}/sign`, { name: 'Robin Vega', agree: 'yes' });
    expect(world.sandbox.sign(id, 'Countersigner')).toBe(false);
    expect(world.sandbox.envelopes()[0]?.status).toBe('sent');
    expect((await fetch(`${world.base}/sign/none`)).status).toBe(404);
  });
});

describe('the sandbox', () => {
  it('goes on after a restart with what it held', async () => {
    world = await openWorld();
    const id = await start();
    world.sandbox.sign(id, 'Customer');
    const held = JSON.parse(JSON.stringify(world.sandbox.state()));
    const app = { clientId: '', clientSecret: '', appId: '', redirectUri: () => '', webhookUrl: () => '' };
    const next = createDocuSignSandbox({
      baseUrl: () => world.base,
      clock: manualClock(),
      app,
      webhookKeys: [],
      mail: () => {},
      seed: 1,
      serverUrl: () => '',
      state: held,
    });
    expect(next.envelopes()).toEqual(world.sandbox.envelopes());
    expect(next.sign(id, 'Countersigner')).toBe(true);
    expect(next.envelopes()[0]?.status).toBe('completed');
    next.close();
  });
  it('counts calls by their route', async () => {
    world = await openWorld();
    await start();
    const calls = Object.entries(world.sandbox.calls());
    expect(calls.find(([name]) => name.startsWith('POST') && name.endsWith('/envelopes 201'))?.[1]).toBe(1);
  });
  it('lets people see the account, let envelopes expire and set faults', async () => {
    world = await openWorld();
    const id = await start();
    expect(await (await fetch(`${world.base}/`)).text()).toContain('Master services agreement');
    const detail = await (await fetch(`${world.base}/envelopes/${id}`)).text();
    expect(detail).toContain('countersign_envelope');
    expect(detail).not.toMatch(/<script>|<style|style=|\son[a-z]+=/);
    await post(`${world.base}/envelopes/${id}/recipients/1/bounce`, {});
    expect(world.sandbox.envelopes()[0]?.recipients[0]?.status).toBe('autoresponded');
    await post(`${world.base}/envelopes/${id}/expire`, {});
    expect(world.sandbox.envelopes()[0]?.status).toBe('voided');
    await post(`${world.base}/faults`, { duplicate: '0.5', drop: '7', lostReply: 'x', maxPauseMs: '250' });
    expect(world.sandbox.faults).toMatchObject({ duplicate: 0.5, drop: 1, lostReply: 0, maxPauseMs: 250 });
  });
});
