import { Hono } from 'hono';
import { isClosed } from '#core/envelope';
import type { EnvelopeId } from '#core/ids';
import { Problem } from '#core/problem';
import { nameOf } from '#http/sessions';
import { openPersonal, type PersonalData } from '#store/people';
import { findEnvelopeDetail, readStory, type EnvelopeDetail, type Story } from '#store/view';
import { Attribution, readAttribution, type AttributionView } from './attribution.tsx';
import { Badge, ENVELOPE_WORDS } from './badge.tsx';
import { at, back, formOf, sessionIn, tenantIn, type ConsoleContext, type ConsoleEnv } from './context.ts';
import { Id } from './data.tsx';
import { Document, Pins, Recipients, StatusPath } from './envelope-parts.tsx';
import { show, showPart } from './layout.tsx';
import { wantsJson } from './list.tsx';
import { Live } from './live.tsx';
import { isMoving, namesOf, versionOf } from './story.tsx';
import { Timeline } from './timeline.tsx';
import type { Names } from './wording.ts';

const REASON_LENGTH = 200;

interface EnvelopePage {
  detail: EnvelopeDetail;
  people: (PersonalData | null)[];
  story: Story;
  names: Names;
  attribution: AttributionView;
}

export function envelopePage(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.get('/envelopes/:envelope', async (c) => {
    const page = await readPage(c);
    const { envelope } = page.detail;
    const version = versionOf(page);
    if (wantsJson(c)) return c.json({ ...page.detail, story: page.story, attributions: page.attribution.rows });
    if (c.req.query('part') === 'live') return c.req.query('seen') === version ? c.body(null, 204) : showPart(c, <LiveEnvelope c={c} page={page} version={version} />);
    return show(
      c,
      { title: envelope.deal_name || `Deal ${envelope.deal}`, current: 'envelopes' },
      <>
        <p class="crumb">
          <a href={at(c, '/envelopes')}>Envelopes</a>
        </p>
        <LiveEnvelope c={c} page={page} version={version} />
      </>,
    );
  });
  app.post('/envelopes/:envelope/remind', async (c) => {
    const { envelope } = await detailOf(c);
    await c.var.options.desk.remind(envelope.tenant, envelope.id, nameOf(sessionIn(c)));
    return back(c, at(c, `/envelopes/${envelope.id}`), 'reminded');
  });
  app.post('/envelopes/:envelope/void', async (c) => {
    const { envelope } = await detailOf(c);
    const reason = ((await formOf(c)).reason ?? '').trim().slice(0, REASON_LENGTH);
    if (reason === '') throw new Problem('request.malformed', { say: 'Say why the envelope is voided: its recipients are told.' });
    await c.var.options.desk.void(envelope.tenant, envelope.id, reason, nameOf(sessionIn(c)));
    return back(c, at(c, `/envelopes/${envelope.id}`), 'voiding');
  });
  return app;
}

async function detailOf(c: ConsoleContext): Promise<EnvelopeDetail> {
  const detail = await findEnvelopeDetail(c.var.options.db, tenantIn(c).id, c.req.param('envelope') as EnvelopeId);
  if (!detail) throw new Problem('request.not-found');
  return detail;
}

async function readPage(c: ConsoleContext): Promise<EnvelopePage> {
  const { db, sealer } = c.var.options;
  const tenant = tenantIn(c).id;
  const detail = await detailOf(c);
  const { envelope, installs } = detail;
  const vendorOf = (install: string) => installs.find((candidate) => candidate.id === install)?.vendor;
  return {
    detail,
    people: await openPersonal(db, sealer, tenant, detail.recipients),
    story: await readStory(db, tenant, { correlation: envelope.correlation, envelope: envelope.id }),
    names: await namesOf(c, { crm: vendorOf(envelope.crm), sign: vendorOf(envelope.sign) }),
    attribution: await readAttribution(db, tenant, envelope.id),
  };
}

function LiveEnvelope({ c, page, version }: { c: ConsoleContext; page: EnvelopePage; version: string }) {
  const { detail, people, story, names } = page;
  const { envelope } = detail;
  const open = !isClosed(envelope.status);
  return (
    <Live c={c} version={version} moving={open || isMoving(story)}>
      <header class="title">
        <h1>{envelope.deal_name || `Deal ${envelope.deal}`}</h1>
        <p class="lead">
          {envelope.template_name} <Badge words={ENVELOPE_WORDS[envelope.status]} />
        </p>
      </header>
      <StatusPath envelope={envelope} recipients={detail.recipients} now={c.var.options.clock.now()} />
      {envelope.reason ? (
        <p class="note">
          <strong>Reason:</strong> {envelope.reason}
        </p>
      ) : null}
      <div class="columns">
        <div>
          <section aria-labelledby="timeline-title">
            <div class="heading">
              <h2 id="timeline-title">Timeline</h2>
              <Id value={envelope.correlation} />
            </div>
            <Timeline c={c} story={story} names={names} />
          </section>
        </div>
        <aside>
          <Recipients recipients={detail.recipients} people={people} now={c.var.options.clock.now()} />
          {open ? <Actions c={c} envelope={envelope} /> : null}
          <Document envelope={envelope} />
          <Attribution c={c} envelope={envelope} attribution={page.attribution} />
          <Pins c={c} detail={detail} names={names} />
        </aside>
      </div>
    </Live>
  );
}

function Actions({ c, envelope }: { c: ConsoleContext; envelope: EnvelopeDetail['envelope'] }) {
  if (envelope.void_by) return <p class="note">A void was asked for by {envelope.void_by}. It is final once the provider confirms.</p>;
  return (
    <section class="sheet actions">
      <h2>Actions</h2>
      {envelope.remote ? (
        <form method="post" action={at(c, `/envelopes/${envelope.id}/remind`)}>
          <button class="plain" id="remind">
            Remind whoever has to sign
          </button>
        </form>
      ) : null}
      <details id="void-form">
        <summary>Void this envelope</summary>
        <form method="post" action={at(c, `/envelopes/${envelope.id}/void`)}>
          <label for="void-reason">Reason, which the recipients will read</label>
          <input id="void-reason" name="reason" maxlength={REASON_LENGTH} required />
          <button class="danger" id="void-button">
            Void it
          </button>
        </form>
      </details>
    </section>
  );
}
