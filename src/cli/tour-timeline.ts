import type { Correlation, EnvelopeId, TenantId } from '#core/ids';
import { entriesOf } from '#http/console/timeline-entries.tsx';
import type { Names } from '#http/console/wording';
import { getEnvelope } from '#store/envelopes';
import { getInstall } from '#store/installs';
import { readStory, stageLabels } from '#store/view';
import type { World } from '../world.ts';

export interface StoryLine {
  at: number;
  correlation: Correlation;
  /** Heard, Decided, Done and so on. */
  label: string;
  what: string;
  why: string;
}

/** An envelope's story as the console tells it, line by line. */
export async function storyLines({ db, flow }: World, tenant: TenantId, id: EnvelopeId): Promise<StoryLine[]> {
  const { envelope } = await getEnvelope(db, tenant, id);
  const { correlation } = envelope;
  const nameOf = (vendor: string) => flow.vendors.get(vendor)?.connector.manifest.name ?? vendor;
  const [crm, sign] = [(await getInstall(db, tenant, envelope.crm)).vendor, (await getInstall(db, tenant, envelope.sign)).vendor];
  const labels = await stageLabels(db, tenant);
  const names: Names = {
    crm: nameOf(crm),
    sign: nameOf(sign),
    journey: nameOf(crm),
    as: (vendor) => (vendor === crm || vendor === sign ? {} : { journey: nameOf(vendor) }),
    stage: (stage) => labels.get(stage) ?? stage,
  };
  const story = await readStory(db, tenant, { correlation, envelope: id });
  return entriesOf(story, names).map(({ at, label, title, why }) => ({ at, correlation, label, what: title, why: why.join(' ') }));
}

/** As one line of text. */
export const writeLine = ({ at, label, what, why }: StoryLine): string =>
  `  ${new Date(at).toISOString().slice(11, 23)}  ${label.padEnd(7)}  ${what}${why === '' ? '' : `. ${why}`}`;
