import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { hashWording } from '#core/consent-text';
import type { FactType } from '#core/fact';
import type { PersonId } from '#core/ids';
import { projectFile } from '#lib/root';
import { listAlarms } from '#store/alarms';
import { listConsents } from '#store/consents';
import { listEnvelopesOfDeal, type EnvelopeWithRecipients } from '#store/envelopes';
import { listInstalls } from '#store/installs';
import { openPersonal } from '#store/people';
import type { World } from '../world.ts';
import { askingFor, CONSENT_TEXTS, NEWSLETTER_LIST, promoting, READERS_LIST } from './tour-consent-mappings.ts';
import type { TourCrm } from './tour-crm.ts';
import { connecting, dealBecomes, expect, ledgersHold, onlyOne, quieten, type Step } from './tour-steps.ts';
import type { Story } from './tour-story.ts';

const BY = 'tour';

/** What becomes of a consent, told on one CRM. Where the CRM keeps consent, it hears of every act. */
export function consentStepsOn(crm: TourCrm, world: World): Step[] {
  const keeps = world.flow.vendors.get(crm.id)?.connector.consents !== undefined;
  return [...connecting(crm), publishing, ...asking(crm), ...(keeps ? [telling(crm)] : []), ...refusing(crm), ...proving(crm)];
}

const publishing: Step = {
  title: 'Two wordings are published, and a mapping puts them into the order form',
  async run({ world: { desk }, tenant, crm }) {
    for (const text of CONSENT_TEXTS) await desk.publishText(tenant, { ...text, validFrom: Date.now() }, BY);
    const send = await desk.saveMapping(tenant, 'send', askingFor(projectFile(`mappings/${crm.id}/send.yaml`), crm.id), 'Asks for consent', BY);
    const journey = await desk.saveMapping(tenant, 'journey', promoting(projectFile(`mappings/${crm.id}/journey.yaml`)), 'A newsletter for those who want it', BY);
    for (const saved of [send, journey]) if (!saved.saved) throw new Error(saved.faults.map(({ path, say }) => `${path}: ${say}`).join('; '));
    return CONSENT_TEXTS.map(({ name, wording }) => `${name} (${hashWording(wording).slice(0, 12)}…)`).join(', ');
  },
};

/** One customer ticks, another does not. */
function asking({ stages, deals: { first: FIRST, declined: EMPTY } }: TourCrm): Step[] {
  return [
    {
      title: 'A deal is sent with both wordings and their hashes in the envelope',
      async run(story) {
        story.crm.move(FIRST, stages.sent);
        const remote = await onlyOne(story, FIRST);
        await dealBecomes(story, FIRST, 'sent');
        story.envelope = (await newestOf(story, FIRST)).envelope.id;
        const fields = remote.recipients.find(({ role }) => role === 'Customer')?.fields ?? {};
        expect(fields['NewsletterHash'] === hashWording(fields['NewsletterWording'] ?? ''), 'The hash is not that of the wording.');
        return `"${fields['NewsletterWording'] ?? ''}"`;
      },
    },
    {
      title: 'The customer ticks the newsletter: granted in the ledger, and the journey begins',
      async run(story) {
        await signWith(story, FIRST, ['Terms', 'Newsletter']);
        expect((await statusesOf(story, FIRST)) === 'terms granted, marketing granted', await statusesOf(story, FIRST));
        await story.until('the list to have the customer', () => story.crm.members(NEWSLETTER_LIST) === 1);
        return `${await statusesOf(story, FIRST)}; the list "${NEWSLETTER_LIST}" has one member.`;
      },
    },
    {
      title: 'Another customer leaves the box empty: the deal is won, and no newsletter begins',
      async run(story) {
        story.crm.move(EMPTY, stages.sent);
        await onlyOne(story, EMPTY);
        await signWith(story, EMPTY, ['Terms']);
        expect((await statusesOf(story, EMPTY)) === 'terms granted, marketing declined', await statusesOf(story, EMPTY));
        const why = await whyOf(story, EMPTY, 'envelope.answered');
        expect(why.includes('"newsletter" was left out'), `The timeline does not say that the journey was left out: ${why}`);
        await quieten(story);
        expect(story.crm.members(NEWSLETTER_LIST) === 1, 'Somebody who declined is on the list.');
        return why;
      },
    },
  ];
}

/** Every act that counts has been told to the CRM, whatever it made of it. */
function telling({ name, deals: { first: FIRST, declined: EMPTY } }: TourCrm): Step {
  return {
    title: `${name} has heard what was agreed to and what was not`,
    async run(story) {
      await quieten(story);
      const notes: string[] = [];
      for (const deal of [FIRST, EMPTY]) {
        const { correlation } = (await newestOf(story, deal)).envelope;
        const receipts = await story.world.db
          .selectFrom('receipts')
          .select('detail')
          .where('tenant', '=', story.tenant)
          .where('correlation', '=', correlation)
          .where('kind', '=', 'consent.tell')
          .where('outcome', '=', 'done')
          .execute();
        expect(receipts.length === CONSENT_TEXTS.length, `${receipts.length} acts were told of ${deal}.`);
        notes.push(...receipts.map(({ detail }) => (JSON.parse(detail) as { outcome: string }).outcome));
      }
      return `${notes.length} acts told: ${notes.join(', ')}.`;
    },
  };
}

/** What stops: a withdrawal, and a form that is not the one that was sent. */
function refusing({ stages, deals: { first: FIRST, back: TAMPERED } }: TourCrm): Step[] {
  return [
    {
      title: 'The first customer withdraws: a step that needs the consent is left out from then on',
      async run(story) {
        await withdraw(story, FIRST);
        story.crm.move(FIRST, stages.before);
        await quieten(story);
        story.crm.move(FIRST, stages.sent);
        await story.until('a second envelope', () => story.remote(FIRST).length === 2);
        await dealBecomes(story, FIRST, 'sent');
        const why = await whyOf(story, FIRST, 'envelope.status');
        expect(why.includes('"readers" was left out'), `The timeline does not say that the step was left out: ${why}`);
        expect(story.crm.members(READERS_LIST) === 0, 'Somebody who withdrew is on the list.');
        return why;
      },
    },
    {
      title: 'A form that comes back with another wording is refused, and raises an alarm',
      async run(story) {
        story.crm.move(TAMPERED, stages.sent);
        const remote = await onlyOne(story, TAMPERED);
        story.sandbox.docusign.correct(remote.envelopeId, 'Customer', 'NewsletterHash', hashWording('Send me anything, whenever you like.'));
        await signWith(story, TAMPERED, ['Terms', 'Newsletter']);
        expect((await statusesOf(story, TAMPERED)) === 'terms granted', await statusesOf(story, TAMPERED));
        const { envelope } = await newestOf(story, TAMPERED);
        const alarms = await listAlarms(story.world.db);
        expect(
          alarms.some(({ code, subject }) => code === 'consent-wording-differs' && subject === envelope.id),
          'There is no alarm.',
        );
        return whyOf(story, TAMPERED, 'consent.refused');
      },
    },
  ];
}

function proving({ deals: { first: FIRST, declined: EMPTY } }: TourCrm): Step[] {
  return [
    {
      title: 'The proof of the first customer holds by standard tools alone',
      async run(story) {
        const files = await story.world.desk.exportProof(story.tenant, await personOf(story, FIRST), BY);
        return verified(files);
      },
    },
    {
      title: 'Nothing was sent twice, nothing waits, the ledgers hold',
      async run(story) {
        await quieten(story);
        expect(story.remote(FIRST).length === 2 && story.remote(EMPTY).length === 1, 'Some deal has more envelopes than it should.');
        return ledgersHold(story);
      },
    },
  ];
}

/** Unpacks a proof and runs what lies in it. @throws Error with what the script says where it does not hold */
function verified(files: Awaited<ReturnType<World['desk']['exportProof']>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-proof-'));
  try {
    for (const { path, bytes } of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
    }
    const said = execFileSync('sh', [join(folder, 'verify.sh')], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    const held = said.split('\n').filter((line) => line.startsWith('ok ')).length;
    return `${files.length} files; verify.sh says ok ${held} times. ${said.split('\n').find((line) => line.startsWith('Proven:')) ?? ''}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function newestOf(story: Story, deal: string): Promise<EnvelopeWithRecipients> {
  const crm = (await listInstalls(story.world.db, story.tenant)).find(({ vendor }) => vendor === story.crm.id);
  const [newest] = crm ? await listEnvelopesOfDeal(story.world.db, story.tenant, crm.id, story.crm.idOf(deal)) : [];
  if (!newest) throw new Error(`There is no envelope of ${deal}.`);
  return newest;
}

async function customerOf(story: Story, deal: string) {
  const customer = (await newestOf(story, deal)).recipients.find(({ role }) => role === 'Customer');
  if (!customer) throw new Error(`Nobody signs for ${deal}.`);
  return customer;
}
const personOf = async (story: Story, deal: string): Promise<PersonId> => (await customerOf(story, deal)).person;

/** Both sign, and what was ticked is read. */
async function signWith(story: Story, deal: string, ticked: readonly string[]): Promise<void> {
  const remote = await onlyOne(story, deal);
  await story.sign(remote, 'Customer', ticked);
  await story.sign(remote, 'Countersigner');
  await dealBecomes(story, deal, 'completed');
  await story.until(`the answers of ${deal}`, async () => (await factsOf(story, deal, 'envelope.answered')).length === 1);
}

async function factsOf(story: Story, deal: string, type: FactType): Promise<{ why: string }[]> {
  const { envelope } = await newestOf(story, deal);
  return story.world.db.selectFrom('facts').select('why').where('tenant', '=', story.tenant).where('envelope', '=', envelope.id).where('type', '=', type).orderBy('seq').execute();
}

/** What the timeline says of the newest envelope's fact; of several, the one that says that something was left out. */
async function whyOf(story: Story, deal: string, type: FactType): Promise<string> {
  const facts = await factsOf(story, deal, type);
  return (facts.find(({ why }) => why.includes('left out')) ?? facts.at(-1))?.why ?? '';
}

async function statusesOf(story: Story, deal: string): Promise<string> {
  const rows = await listConsents(story.world.db, story.tenant, await personOf(story, deal));
  return rows.map(({ type, status }) => `${type} ${status}`).join(', ');
}

/** As somebody at the desk does who was called. */
async function withdraw(story: Story, deal: string): Promise<void> {
  const customer = await customerOf(story, deal);
  const [who] = await openPersonal(story.world.db, story.world.flow.sealer, story.tenant, [customer]);
  if (!who) throw new Error('The customer is not known any more.');
  const act = { type: 'marketing', purpose: 'newsletter', channel: 'email', status: 'withdrawn', text: null, locale: null, jurisdiction: null, basis: 'consent' } as const;
  const from = {
    capturedAt: Date.now(),
    expiresAt: null,
    how: 'api',
    source: BY,
    envelope: null,
    documentHash: null,
    evidence: { call: 'by telephone' },
    evidenceUri: null,
  } as const;
  await story.world.desk.reportConsent(
    story.tenant,
    { key: `tour|${deal}`, email: who.email, acts: [{ ...act, ...from }], identity: { ...who, method: 'phone', ip: null, userAgent: null } },
    BY,
  );
  await story.until('the withdrawal in the ledger', async () => (await statusesOf(story, deal)).endsWith('marketing withdrawn'));
}
