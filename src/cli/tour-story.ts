import type { EnvelopeId, TenantId } from '#core/ids';
import { listInstalls } from '#store/installs';
import type { SandboxWorld } from '../sandbox-world.ts';
import type { TourCrm } from './tour-crm.ts';
import { sayWaiting } from './tour-waiting.ts';
import type { World } from '../world.ts';
import { createVisitor, type PageSeen, type Visitor } from './visitor.ts';

/** How long something may take before the tour gives up on it, milliseconds; chaos needs the larger part: where eight attempts in a row fail, the ninth may come after four minutes. */
const PATIENCE_MS = 300_000;
const LOOK_MS = 60;
/** Reconciliation goes by the quarter of an hour; on tour its clock is hurried this often. */
const HURRY_MS = 1_500;

/** What the steps of a tour share. */
export interface Story {
  world: World;
  sandbox: SandboxWorld;
  address: string;
  visitor: Visitor;
  tenant: TenantId;
  envelope: EnvelopeId | null;
  crm: TourCrm;
  /** Waits until `look` finds something. @throws Error saying what was waited for */
  until<T>(what: string, look: () => Promise<T | null | undefined | false> | T | null | undefined | false): Promise<T>;
  /** Envelopes that the provider has for a deal, by our label. */
  remote(name: string): SandboxEnvelope[];
  /** Opens the newest unopened mail to a role of an envelope and returns the page behind its button. */
  openMail(remote: SandboxEnvelope, role: string): Promise<PageSeen>;
  /** Signs as a person does: mail, page, form. `ticked`: labels of the boxes that the person ticks. */
  sign(remote: SandboxEnvelope, role: string, ticked?: readonly string[]): Promise<void>;
}
type SandboxEnvelope = ReturnType<SandboxWorld['docusign']['envelopes']>[number];

export function createStory(world: World, address: string, crmOf: (sandbox: SandboxWorld) => TourCrm): Story {
  const { sandbox } = world;
  if (!sandbox) throw new Error('A tour needs the sandbox world.');
  const visitor = createVisitor();
  let hurried = 0;

  async function hurry(): Promise<void> {
    if (story.tenant === 'ten_unknown' || Date.now() - hurried < HURRY_MS) return;
    hurried = Date.now();
    for (const install of await listInstalls(world.db, story.tenant)) if (install.state === 'active') await world.desk.reconcileNow(story.tenant, install.id, 'tour');
  }

  const story: Story = {
    world,
    sandbox,
    address,
    visitor,
    tenant: 'ten_unknown',
    envelope: null,
    crm: crmOf(sandbox),
    async until(what, look) {
      const end = Date.now() + PATIENCE_MS;
      const calm = Date.now() + HURRY_MS;
      for (;;) {
        const found = await look();
        if (found) return found;
        if (Date.now() > end) throw new Error(`Waited in vain for ${what}. ${await sayWaiting(world.db, story.tenant, Date.now())}`);
        // What a webhook does not tell, reconciliation finds.
        if (Date.now() > calm) await hurry();
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    },
    remote(name) {
      const id = story.crm.idOf(name);
      return sandbox.docusign.envelopes().filter((envelope) => envelope.status !== 'created' && envelope.customFields.some((field) => field.name === 'deal' && field.value === id));
    },
    async openMail(remote, role) {
      const recipient = remote.recipients.find((one) => one.role === role);
      const link = await story.until(
        `a mail to the ${role}`,
        () => sandbox.mailbox.list().findLast((mail) => mail.to === recipient?.email && mail.link?.url.includes(recipient.token))?.link,
      );
      return visitor.open(link.url);
    },
    async sign(remote, role, ticked = []) {
      const page = await story.openMail(remote, role);
      await visitor.submit(page, '/sign', { agree: 'yes', ...Object.fromEntries(ticked.map((label) => [`tick-${label}`, 'yes'])) });
    },
  };
  return story;
}
