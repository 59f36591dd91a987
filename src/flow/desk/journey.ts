import { isAllowed, type ConsentAct, type ConsentNeed } from '#core/consent';
import type { JourneyAbilities } from '#core/mapping/check-journey';
import type { Rules } from '#core/decide/situation';
import type { InstallId, TenantId } from '#core/ids';
import type { EnvelopeView, Moment, PlannedStep, SendPlan } from '#core/plan';
import { listTexts } from '#store/consent-texts';
import { listInstalls, type Install } from '#store/installs';
import { actsOfContacts } from '#store/objections';
import { findPersonByEmail } from '#store/people';
import type { DryRun } from '#flow/desk';
import { getVendor, type Flow } from '#flow/flow';
import type { Accounts } from '#flow/rule-book';

const HOUR_MS = 3_600_000;

/** Steps of a journey in words, status by status: those that wait, those that follow mail that comes back, and those that consent would keep back today. */
export async function imagineJourney(
  flow: Flow,
  tenant: TenantId,
  crm: InstallId,
  { rules, plan, views }: { rules: Rules; plan: SendPlan; views: readonly EnvelopeView[] },
): Promise<DryRun['steps']> {
  const consents = await consentsOf(flow, tenant, crm, plan);
  const now = flow.clock.now();
  return views.flatMap((view) => {
    const { status } = view;
    if (status === 'blocked') return [];
    const waits = rules.waits(status);
    const moments: { moment: Moment; when?: string }[] = [
      { moment: status },
      ...waits.map(({ rule, afterMs }) => ({ moment: { waited: rule, status }, when: `Still so after ${sayTime(afterMs)}` })),
      ...(status === 'sent' ? view.recipients.map(({ role }) => ({ moment: { bounced: role }, when: `If mail to ${role} comes back` })) : []),
    ];
    return moments.flatMap(({ moment, when }) =>
      rules.steps(view, moment).map((step) => {
        const isKept = !isAllowed(step.consent, 'contact' in step ? (consents.get(step.contact) ?? []) : [], now);
        return {
          status,
          say: sayStep(step, (contact) => plan.recipients.find((one) => one.contact === contact)?.name ?? `Contact ${contact}`),
          ...(when === undefined ? {} : { when }),
          ...(isKept ? { withheld: sayNeed(step.consent) } : {}),
        };
      }),
    );
  });
}

/** What those who would sign agreed to, by contact. */
async function consentsOf(flow: Flow, tenant: TenantId, crm: InstallId, { recipients }: SendPlan): Promise<Map<string, ConsentAct[]>> {
  const found = await Promise.all(
    recipients.map(async ({ contact, email }) => {
      const person = contact === null ? null : await findPersonByEmail(flow.db, flow.sealer, tenant, email);
      return { contact, person };
    }),
  );
  return actsOfContacts(flow.db, tenant, crm, found);
}

function sayTime(ms: number): string {
  const hours = Math.round(ms / HOUR_MS);
  const [count, unit] = hours % 24 === 0 ? [hours / 24, 'day'] : [hours, 'hour'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

function sayNeed(need: ConsentNeed): string {
  if (typeof need === 'string') return 'the person has objected to marketing';
  return `there is no consent in force to marketing by ${need.channel} for ${need.purpose}`;
}

/** `who`: the contact as a person knows them; nothing of a dry run is kept. */
function sayStep(step: PlannedStep, who: (contact: string) => string): string {
  switch (step.kind) {
    case 'set':
      return `${who(step.contact)}: ${Object.entries(step.set)
        .map(([field, value]) => `${field} becomes ${String(value)}`)
        .join(', ')}`;
    case 'list':
      return `${who(step.contact)} joins the list "${step.list}"${step.status === undefined ? '' : ` as "${step.status}"`}${elsewhere(step)}`;
    case 'leave':
      return `${who(step.contact)} leaves the list "${step.list}"${elsewhere(step)}`;
    case 'event':
      return `The journey "${step.event}" hears of ${who(step.contact)}${elsewhere(step)}`;
    case 'task':
      return `Task for the owner: ${step.subject}`;
  }
}

const elsewhere = (step: { in?: string }): string => (step.in === undefined ? '' : ` in ${step.in}`);

/** What a check of journeys has to know: what the accounts can do, and what is asked consent to. */
export async function journeyGround(flow: Flow, tenant: TenantId, { crm, targets }: Accounts) {
  const installs = await listInstalls(flow.db, tenant);
  const beside = installs.filter(({ id, vendor }) => targets.get(vendor) === id);
  const abilities = new Map([['', abilitiesOf(flow, crm)], ...beside.map((install) => [install.vendor, abilitiesOf(flow, install)] as const)]);
  return { targets: [...targets.keys()], abilities, topics: (await listTexts(flow.db, tenant)).map(({ type, purpose, channel }) => ({ type, purpose, channel })) };
}

function abilitiesOf(flow: Flow, install: Install): JourneyAbilities {
  const { journey, manifest } = getVendor(flow, install.vendor).connector;
  const lacks = journey?.lacks?.(JSON.parse(install.scopes) as string[]).event;
  return { name: manifest.name, list: journey?.join !== undefined, leave: journey?.leave !== undefined, event: journey?.emit !== undefined, lacks };
}
