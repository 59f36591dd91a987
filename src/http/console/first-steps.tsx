import type { EnvelopeStatus } from '#core/envelope';
import { Problem } from '#core/problem';
import type { InstallView } from '#store/view';
import { at, tenantIn, type ConsoleContext } from './context.ts';

export interface Step {
  done: boolean;
  title: string;
  /** What to do, in a sentence. */
  say: string;
  links: { label: string; href: string }[];
}

/** The way from an empty tenant to the first signature. */
export async function firstSteps(c: ConsoleContext, installs: InstallView[], counts: Partial<Record<EnvelopeStatus, number>>): Promise<Step[]> {
  const { vendors, sandbox, sandboxLinks } = c.var.options;
  const connected = (capability: string) =>
    installs.some((install) => install.state !== 'left' && vendors.find((vendor) => vendor.id === install.vendor)?.capabilities.includes(capability));
  const connectors = (capability: string) =>
    vendors
      .filter((vendor) => vendor.connectable && vendor.capabilities.includes(capability))
      .map((vendor) => ({ label: `Connect ${vendor.name}`, href: `/install/${vendor.id}?tenant=${tenantIn(c).id}` }));
  const ready = connected('crm') && connected('sign');
  const sent = Object.values(counts).some((count) => count > 0);
  const signed = (counts.completed ?? 0) > 0;
  const sandboxSteps = sandbox ? sandboxLinks : [];
  return [
    { done: connected('crm'), title: 'Install in your CRM', say: 'Its deals are what gets signed.', links: connectors('crm') },
    { done: connected('sign'), title: 'Connect your e-signature provider', say: 'Its templates and roles then appear here.', links: connectors('sign') },
    {
      done: sent || (ready && (await isMappingClean(c))),
      title: 'Check the mapping',
      say: 'See which stage sends which template to whom, and try it on a deal without sending.',
      links: [
        { label: 'Look at the mapping', href: at(c, '/mappings') },
        { label: 'Try it on a deal', href: at(c, '/mappings/dry-run') },
      ],
    },
    { done: sent, title: 'Send the first envelope', say: 'Move a deal to the stage that the mapping names, or press Send for signature on it.', links: sandboxSteps },
    { done: signed, title: 'Have it signed', say: 'Every recipient signs in turn; the CRM is told by itself.', links: sandboxSteps },
  ];
}

async function isMappingClean(c: ConsoleContext): Promise<boolean> {
  try {
    const faults = await c.var.options.desk.checkMappings(tenantIn(c).id);
    return faults.every((fault) => fault.level !== 'error');
  } catch (error) {
    // The steps are a guide: what can't be checked yet is simply not done.
    c.var.options.log.debug({ code: Problem.from(error).code }, 'the mappings could not be checked for the first steps');
    return false;
  }
}

export function FirstSteps({ steps }: { steps: Step[] }) {
  const next = steps.findIndex((step) => !step.done);
  return (
    <section class="sheet">
      <h2>First steps</h2>
      <ol class="steps">
        {steps.map((step, index) => (
          <li class={step.done ? 'done' : index === next ? 'next' : 'later'}>
            <strong>{step.title}</strong>
            {step.done ? <span class="sr"> (done)</span> : null}
            {index === next ? (
              <>
                <p>{step.say}</p>
                <p class="row">
                  {step.links.map((link, place) => (
                    <a class={place === 0 ? 'button' : 'button plain'} href={link.href}>
                      {link.label}
                    </a>
                  ))}
                </p>
              </>
            ) : null}
          </li>
        ))}
      </ol>
    </section>
  );
}
