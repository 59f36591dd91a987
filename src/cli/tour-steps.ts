import type { EnvelopeId } from '#core/ids';
import { findGround } from '#store/grounds';
import { listInstalls, listTenants } from '#store/installs';
import { verifyLedger } from '#store/ledger';
import { LEDGERS } from '#store/ledger-schema';
import type { TourCrm } from './tour-crm.ts';
import type { Story } from './tour-story.ts';

export interface Step {
  title: string;
  /** False: the vendors behave during it, chaos or not. People see consent pages, and repeat by hand what fails there. */
  chaos?: false;
  /** Does it and looks at the outcome. Returns what was seen. @throws Error when the outcome is wrong */
  run(story: Story): Promise<string>;
}

export function expect(truth: boolean, say: string): void {
  if (!truth) throw new Error(say);
}

/** One envelope and no more: what the provider's own books say. */
export async function onlyOne(story: Story, deal: string) {
  const [envelope] = await story.until(`an envelope for ${deal}`, () => {
    const found = story.remote(deal);
    return found.length > 0 ? found : null;
  });
  expect(story.remote(deal).length === 1, `The provider has ${story.remote(deal).length} envelopes for ${deal}.`);
  if (!envelope) throw new Error(`There is no envelope for ${deal}.`);
  return envelope;
}

export const dealBecomes = (story: Story, deal: string, status: string) => story.until(`${deal} to say "${status}"`, () => story.crm.told(deal, 'status') === status);

async function installed(story: Story, vendor: string) {
  return (await listInstalls(story.world.db, story.tenant)).find((install) => install.vendor === vendor);
}

/** The story, told on one CRM. */
export function stepsOn(crm: TourCrm): Step[] {
  return [...connecting(crm), ...signing(crm), ...otherEnds(crm), ...settling(crm)];
}

/** Two accounts, and a mapping that fits them. */
export function connecting({ name, deals: { first: FIRST } }: TourCrm): Step[] {
  return [
    {
      title: `Install from ${name} by OAuth`,
      chaos: false,
      async run(story) {
        const { id, consent: form } = story.crm;
        const consent = await story.visitor.open(`${story.address}/install/${id}`);
        const home = await story.visitor.submit(consent, form.action, form.values);
        expect(home.status === 200, `The console answered ${home.status} after the install.`);
        const [tenant] = await listTenants(story.world.db);
        if (!tenant) throw new Error('No tenant was made.');
        story.tenant = tenant.id;
        const install = await installed(story, id);
        if (install) await story.crm.settle({ world: story.world, tenant: tenant.id, install: install.id });
        return `${tenant.name} is connected; its tokens are sealed.`;
      },
    },
    {
      title: 'What the connector writes to is there',
      async run(story) {
        const made = await story.until('what is written to', () => story.crm.prepared());
        const install = await installed(story, story.crm.id);
        const ground = await story.until("the account's fields and stages", async () => install && findGround(story.world.db, story.tenant, install.id, 'schema'));
        return `${made}; ${ground.data.fields.deal.length} fields of deals and ${ground.data.pipelines[0]?.stages.length ?? 0} stages read.`;
      },
    },
    {
      title: 'Connect DocuSign by OAuth; its templates appear',
      chaos: false,
      async run(story) {
        const consent = await story.visitor.open(`${story.address}/install/docusign?tenant=${story.tenant}`);
        await story.visitor.submit(consent, '/oauth/auth', { decision: 'allow' });
        const install = await installed(story, 'docusign');
        const ground = await story.until('the templates', async () => install && findGround(story.world.db, story.tenant, install.id, 'templates'));
        return ground.data.map((template) => `${template.name} (${template.roles.map((role) => role.name).join(', ')})`).join('; ');
      },
    },
    {
      title: 'The shipped mapping fits the account',
      async run(story) {
        const faults = await story.world.desk.checkMappings(story.tenant);
        const errors = faults.filter((fault) => fault.level === 'error');
        expect(errors.length === 0, errors.map((fault) => `${fault.path}: ${fault.say}`).join('; '));
        return `No errors, ${faults.length} warnings.`;
      },
    },
    {
      title: 'Dry-run it on a deal',
      async run(story) {
        const id = story.crm.idOf(FIRST);
        const run = await story.until('an answer of the CRM', () => story.world.desk.dryRun(story.tenant, id, {}, { key: 'dry-run', by: 'tour' }).catch(() => null));
        if (!run.decision.send) throw new Error(run.decision.reasons.map((reason) => reason.say).join('; '));
        const { template, recipients, fields } = run.decision.plan;
        expect(story.remote(FIRST).length === 0, 'A dry run sent something.');
        return `"${template.name}" to ${recipients.map((one) => `${one.role}: ${one.name}`).join(', ')}; ${fields.length} fields; written back at ${run.writes.length} statuses.`;
      },
    },
  ];
}

/** An envelope that goes well, and one that a rep asks for. */
function signing({ deals: { first: FIRST, byButton: BY_BUTTON }, stages }: TourCrm): Step[] {
  return [
    {
      title: 'A deal moves to "Contract sent", and the envelope goes out',
      async run(story) {
        story.crm.move(FIRST, stages.sent);
        const remote = await onlyOne(story, FIRST);
        await dealBecomes(story, FIRST, 'sent');
        story.envelope = story.crm.told(FIRST, 'envelope') as EnvelopeId;
        return `${remote.emailSubject}; the deal says "sent", waiting for ${story.crm.told(FIRST, 'waitingFor') ?? ''}.`;
      },
    },
    {
      title: 'The customer opens the mail and signs, then the countersigner',
      async run(story) {
        const remote = await onlyOne(story, FIRST);
        await story.sign(remote, 'Customer');
        await story.sign(remote, 'Countersigner');
        await dealBecomes(story, FIRST, 'completed');
        await onlyOne(story, FIRST);
        return `Completed; the deal names the envelope ${story.crm.told(FIRST, 'envelope') ?? ''}.`;
      },
    },
    {
      title: 'Contact, journey and attribution know',
      async run(story) {
        await story.until('the contact to be "signed"', () => story.crm.journey(FIRST) === 'signed');
        const members = await story.until('the list to have a member', () => story.crm.members('Countersign: signed'));
        const source = await story.until('the first touch on the deal', () => story.crm.told(FIRST, 'firstTouch'));
        return `The contact is "signed" and on the list with ${members} member(s); first touch ${source}.`;
      },
    },
    {
      title: 'A rep presses "Send for signature" on a deal, twice',
      async run(story) {
        const form = await story.until('the card', () => story.crm.openCard(story.visitor, story.address, BY_BUTTON));
        await story.crm.pressSend(story.visitor, form, BY_BUTTON);
        await story.crm.pressSend(story.visitor, form, BY_BUTTON);
        const remote = await onlyOne(story, BY_BUTTON);
        await dealBecomes(story, BY_BUTTON, 'sent');
        await onlyOne(story, BY_BUTTON);
        return `One envelope, "${remote.emailSubject}".`;
      },
    },
  ];
}

/** What else becomes of envelopes. */
function otherEnds({ deals: { declined: DECLINED, expired: EXPIRED, blocked: BLOCKED, back: BACK }, stages }: TourCrm): Step[] {
  return [
    {
      title: 'A signer declines; the owner gets a task',
      async run(story) {
        story.crm.move(DECLINED, stages.sent);
        const remote = await onlyOne(story, DECLINED);
        const page = await story.openMail(remote, 'Customer');
        await story.visitor.submit(page, '/decline', { reason: 'The term is too long.' });
        await dealBecomes(story, DECLINED, 'declined');
        const tasks = await story.until('a task', () => {
          const found = story.crm.tasks(DECLINED);
          return found.length > 0 ? found : null;
        });
        expect(tasks.length === 1, `${tasks.length} tasks were made.`);
        return `Reason on the deal: "${story.crm.told(DECLINED, 'reason') ?? ''}"; task "${tasks[0] ?? ''}".`;
      },
    },
    {
      title: 'An envelope expires and is sent once more',
      async run(story) {
        story.crm.move(EXPIRED, stages.sent);
        const first = await onlyOne(story, EXPIRED);
        await dealBecomes(story, EXPIRED, 'sent');
        story.sandbox.docusign.expire(first.envelopeId);
        const again = await story.until('the second envelope', () => story.remote(EXPIRED).find((envelope) => envelope.envelopeId !== first.envelopeId));
        await story.until('the deal to name the second', () => story.crm.told(EXPIRED, 'status') === 'sent');
        expect(story.remote(EXPIRED).length === 2, `The provider has ${story.remote(EXPIRED).length} envelopes.`);
        return `Expired, then sent again as ${again.envelopeId.slice(0, 8)}…, as the rule says.`;
      },
    },
    {
      title: 'A signer without an address blocks the send, in words on the deal',
      async run(story) {
        story.crm.move(BLOCKED, stages.sent);
        await dealBecomes(story, BLOCKED, 'blocked');
        expect(story.remote(BLOCKED).length === 0, 'Something was sent all the same.');
        return `"${story.crm.told(BLOCKED, 'reason') ?? ''}"`;
      },
    },
    {
      title: 'A deal goes back, and its envelope is voided',
      async run(story) {
        story.crm.move(BACK, stages.sent);
        await onlyOne(story, BACK);
        await dealBecomes(story, BACK, 'sent');
        story.crm.move(BACK, stages.before);
        await dealBecomes(story, BACK, 'voided');
        expect(
          story.remote(BACK).every((envelope) => envelope.status === 'voided'),
          'The provider still has it out.',
        );
        return `"${story.crm.told(BACK, 'reason') ?? ''}"`;
      },
    },
    {
      title: 'Entering the stage again is a new intent',
      async run(story) {
        story.crm.move(BACK, stages.sent);
        await story.until('a second envelope', () => story.remote(BACK).length === 2);
        await dealBecomes(story, BACK, 'sent');
        return 'A second envelope is out; the first stays voided.';
      },
    },
  ];
}

/** What must be true of it all. */
function settling({ deals: { first: FIRST, byButton: BY_BUTTON, declined: DECLINED } }: TourCrm): Step[] {
  return [
    {
      title: 'Nothing was sent twice, nothing waits, the ledgers hold',
      async run(story) {
        await quieten(story);
        expect(story.remote(FIRST).length === 1 && story.remote(BY_BUTTON).length === 1 && story.remote(DECLINED).length === 1, 'Some deal has more than one envelope.');
        expect(story.crm.told(FIRST, 'status') === 'completed' && story.crm.told(DECLINED, 'status') === 'declined', 'A finished deal has changed since.');
        return ledgersHold(story);
      },
    },
  ];
}

/** Waits until nothing is on its way and nothing waits. */
export async function quieten(story: Story): Promise<void> {
  await story.sandbox.quiet();
  await story.until('everything to be settled', async () => (await waiting(story)) === 0);
}

/** No dead letters, and every chain is whole; in words. */
export async function ledgersHold(story: Story): Promise<string> {
  const dead = await story.world.db.selectFrom('outbox').select(['kind', 'error']).where('tenant', '=', story.tenant).where('state', 'in', ['parked', 'held']).execute();
  expect(dead.length === 0, `Dead letters: ${JSON.stringify(dead)}`);
  const checks = await Promise.all(LEDGERS.map((ledger) => verifyLedger(story.world.db, story.tenant, ledger)));
  const broken = checks.find((check) => !check.ok);
  expect(!broken, JSON.stringify(broken));
  return `${checks.reduce((sum, check) => sum + (check.ok ? check.entries : 0), 0)} ledger entries verified.`;
}

async function waiting(story: Story): Promise<number> {
  const inbox = await story.world.db.selectFrom('inbox').select('id').where('state', '=', 'ready').execute();
  const outbox = await story.world.db.selectFrom('outbox').select('id').where('state', 'in', ['ready', 'leased']).execute();
  return inbox.length + outbox.length;
}
