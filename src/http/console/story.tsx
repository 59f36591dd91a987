import { Hono } from 'hono';
import type { Correlation } from '#core/ids';
import { Problem } from '#core/problem';
import { sha256 } from '#lib/hmac';
import { findEnvelopeOfStory, listInstalls, readStory, stageLabels, type Story } from '#store/view';
import { at, tenantIn, vendorName, type ConsoleContext, type ConsoleEnv, type ConsoleOptions } from './context.ts';
import { Id } from './data.tsx';
import { show, showPart } from './layout.tsx';
import { wantsJson } from './list.tsx';
import { Live } from './live.tsx';
import { Timeline } from './timeline.tsx';
import type { Names } from './wording.ts';

/** A story by its correlation: also those in which no envelope came to be, such as a blocked send. */
export function storyPages(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.get('/stories/:correlation', async (c) => {
    const { db } = c.var.options;
    const tenant = tenantIn(c).id;
    const correlation = c.req.param('correlation') as Correlation;
    const story = await readStory(db, tenant, { correlation });
    if (story.facts.length + story.effects.length + story.receipts.length === 0) throw new Problem('request.not-found');
    if (wantsJson(c)) return c.json({ correlation, ...story });
    const envelope = await findEnvelopeOfStory(db, tenant, correlation);
    const version = versionOf(story);
    const body = (
      <Live c={c} version={version} moving={isMoving(story)}>
        {envelope ? (
          <p>
            It is about an envelope: <a href={at(c, `/envelopes/${envelope.id}`)}>{envelope.deal_name}</a>
          </p>
        ) : null}
        <Timeline c={c} story={story} names={await namesOf(c, { crm: crmOf(c, story) })} />
      </Live>
    );
    if (c.req.query('part') === 'live') return c.req.query('seen') === version ? c.body(null, 204) : showPart(c, body);
    const deal = story.facts.find((fact) => fact.deal !== null)?.deal;
    return show(
      c,
      { title: 'Story', current: 'envelopes' },
      <>
        <h1>{envelope?.deal_name ? `The story of ${envelope.deal_name}` : deal ? `The story of deal ${deal}` : 'A story'}</h1>
        <p class="soft">
          Correlation <Id value={correlation} />
        </p>
        {body}
      </>,
    );
  });
  return app;
}

export const versionOf = (value: unknown): string => sha256(JSON.stringify(value)).slice(0, 12);
export const isMoving = (story: Story): boolean => story.effects.some((effect) => effect.state === 'ready' || effect.state === 'leased');

/** What the tenant's CRM and provider are called; a story that knows its own provider passes it. */
export async function namesOf(c: ConsoleContext, own: { crm?: string | undefined; sign?: string | undefined } = {}): Promise<Names> {
  const { options } = c.var;
  const labels = await stageLabels(options.db, tenantIn(c).id);
  const installs = await listInstalls(options.db, tenantIn(c).id);
  const first = (capability: string) => installs.find((install) => options.vendors.find((vendor) => vendor.id === install.vendor)?.capabilities.includes(capability))?.vendor;
  const crm = own.crm ?? first('crm');
  const sign = own.sign ?? first('sign');
  const name = crm ? vendorName(options, crm) : 'the CRM';
  return { crm: name, sign: sign ? vendorName(options, sign) : 'the provider', journey: name, as: (id) => partsOf(options, id), stage: (id) => labels.get(id) ?? id };
}

function partsOf(options: ConsoleOptions, id: string): ReturnType<Names['as']> {
  const vendor = options.vendors.find((one) => one.id === id);
  if (!vendor) return {};
  const { name, capabilities } = vendor;
  return {
    ...(capabilities.includes('crm') ? { crm: name } : {}),
    ...(capabilities.includes('sign') ? { sign: name } : {}),
    ...(capabilities.includes('journey') ? { journey: name } : {}),
  };
}

/** The CRM that a story without an envelope is about: the one that was asked or written to. */
function crmOf({ var: { options } }: ConsoleContext, story: Story): string | undefined {
  const isCrm = (id: string | null) => options.vendors.some((vendor) => vendor.id === id && vendor.capabilities.includes('crm'));
  return story.effects.map(({ vendor }) => vendor).find(isCrm) ?? undefined;
}
