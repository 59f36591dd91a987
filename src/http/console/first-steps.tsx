import type { EnvelopeStatus } from '#core/envelope';
import { Problem } from '#core/problem';
import type { EnvelopeRow, InstallView } from '#store/view';
import { at, tenantIn, type ConsoleContext, type Link } from './context.ts';

export interface Step {
  done: boolean;
  title: string;
  /** What to do, in a sentence. */
  say: string;
  links: Link[];
  /** Worth a look even when it is done. */
  stays?: boolean;
}

interface Known {
  installs: InstallView[];
  counts: Partial<Record<EnvelopeStatus, number>>;
  newest: EnvelopeRow[];
}

/** The way from an empty tenant to the first signature. */
export async function firstSteps(c: ConsoleContext, { installs, counts, newest }: Known): Promise<Step[]> {
  const { vendors, sandboxSteps } = c.var.options;
  const connected = (capability: string) =>
    installs.some((install) => install.state !== 'left' && vendors.find((vendor) => vendor.id === install.vendor)?.capabilities.includes(capability));
  const connectors = (capability: string) =>
    vendors
      .filter((vendor) => vendor.connectable && vendor.capabilities.includes(capability))
      .map((vendor) => ({ label: `Connect ${vendor.name}`, href: `/install/${vendor.id}?tenant=${tenantIn(c).id}` }));
  const ready = connected('crm') && connected('sign');
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const signed = newest.find((envelope) => envelope.status === 'completed');
  const timeline = newest[0] ? [{ label: signed ? 'Read its timeline' : 'Watch its timeline', href: at(c, `/envelopes/${(signed ?? newest[0]).id}`) }] : [];
  return [
    { done: connected('crm'), title: 'Install in your CRM', say: 'Its deals are what gets signed.', links: connectors('crm') },
    { done: connected('sign'), title: 'Connect your e-signature provider', say: 'Its templates and roles then appear here.', links: connectors('sign') },
    {
      done: total > 0 || (ready && (await isMappingClean(c))),
      title: 'Check the mapping',
      say: 'It says which stage sends which template to whom. Dry-run it on a deal: who would sign what, and what would be written back.',
      links: [
        { label: 'Dry-run it on a deal', href: at(c, '/mappings/dry-run') },
        { label: 'Look at the mapping', href: at(c, '/mappings') },
      ],
      stays: total === 0,
    },
    {
      done: total > 0,
      title: 'Send the first envelope',
      say: sandboxSteps
        ? 'Drag a deal to “Contract sent” on the deal board, or open a deal and press Send for signature.'
        : 'Move a deal to the stage that the mapping names, or press Send for signature on it.',
      links: sandboxSteps ? [sandboxSteps.send] : [],
    },
    {
      done: (counts.completed ?? 0) > 0,
      title: 'Have it signed',
      say: 'Each recipient gets a mail in turn: open it, read and sign. You may also decline.',
      links: sandboxSteps ? [sandboxSteps.sign, ...timeline] : timeline,
    },
    {
      done: total > 1 && (counts.completed ?? 0) > 0,
      title: 'See what became of it',
      say: 'Deal and contact are up to date and the journey is told. The timeline explains why each step happened.',
      links: [...timeline, ...(sandboxSteps ? [{ ...sandboxSteps.send, label: 'See the deal in the CRM' }] : [])],
    },
  ];
}

async function isMappingClean(c: ConsoleContext): Promise<boolean> {
  try {
    const { desk } = c.var.options;
    const crms = await desk.crms(tenantIn(c).id);
    const faults = (await Promise.all(crms.map((crm) => desk.checkMappings(tenantIn(c).id, {}, crm)))).flat();
    return crms.length > 0 && faults.every((fault) => fault.level !== 'error');
  } catch (error) {
    // The steps are a guide: what can't be checked yet is simply not done.
    c.var.options.log.debug({ code: Problem.from(error).code }, 'the mappings could not be checked for the first steps');
    return false;
  }
}

export function FirstSteps({ steps }: { steps: Step[] }) {
  const next = steps.findIndex((step) => !step.done);
  const done = steps.filter((step) => step.done).length;
  return (
    <section class="sheet" aria-labelledby="first-steps">
      <div class="heading">
        <h2 id="first-steps">First steps</h2>
        <span class="soft">
          {done} of {steps.length} done
        </span>
      </div>
      <ol class="steps">
        {steps.map((step, index) => (
          <li class={step.done ? 'done' : index === next ? 'next' : 'later'}>
            <strong>{step.title}</strong>
            {step.done ? <span class="sr"> (done)</span> : null}
            {index === next ? (
              <>
                <p>{step.say}</p>
                <Links links={step.links} />
              </>
            ) : step.stays && step.done ? (
              <p class="row">
                {step.links.map((link) => (
                  <a href={link.href}>{link.label}</a>
                ))}
              </p>
            ) : null}
          </li>
        ))}
      </ol>
    </section>
  );
}

function Links({ links }: { links: Link[] }) {
  return (
    <p class="row">
      {links.map((link, place) => (
        <a class={place === 0 ? 'button' : 'button plain'} href={link.href}>
          {link.label}
        </a>
      ))}
    </p>
  );
}
