import { projectFile } from '#lib/root';
import { putMapping } from '#store/mappings';
import { atLeast, atMost, shown, type Figure } from './figures.ts';
import { FROM_SOURCE } from './servers.ts';
import { inOrgScene, type OrgScene, type OutEnvelope } from './salesforce-scene.ts';

const WRITES = ['Envelope__c', 'Envelope_Recipient__c', 'Opportunity', 'Contact', 'Account', 'CampaignMember'];
const EVENT = 'Envelope_Event__e';
/** Of the shipped journey mapping, the step that publishes a platform event. */
const EVENT_STEP = /^ {6}- event: .*\n(?: {8}.*\n)+/m;

interface Options {
  /** Said of each figure. */
  as: string;
  count: number;
  /** Whether the shipped mapping's platform events are published. */
  events: boolean;
}

/** Completed envelopes of one tenant wait, then its org may be called. */
export function drainOrg(say: (line: string) => void, { as, count, events }: Options): Promise<Figure[]> {
  return inOrgScene([...FROM_SOURCE, 'test/bench/salesforce-product.ts'], async (scene) => {
    const { front, db, seeded } = scene;
    if (!events) await withoutEvents(scene);
    say(`${as}: ${count} envelopes are made`);
    const envelopes = await scene.sent(count);
    const waiting = await scene.completedBehindClosedLane(envelopes);
    say(`${as}: ${waiting} effects wait`);

    front.calls.length = 0;
    const opened = performance.now();
    await scene.openLane();
    const open = db.selectFrom('outbox').select('id').where('install', '=', seeded.crm.id).where('state', 'in', ['ready', 'leased']).limit(1);
    await scene.until('everything to be settled', async () => (await open.execute()).length === 0);
    const calls = front.calls.filter(({ kind }) => kind !== 'token');
    say(`${as}: ${calls.length} calls in ${Math.round((performance.now() - opened) / 1000)} s`);
    const all = `${as}: API calls an envelope`;
    const kinds = events ? [...WRITES, EVENT] : WRITES;
    const others = calls.filter(({ kind }) => !kinds.includes(kind)).length;
    const each = (kind: string, number: number) => shown(`${as}: of these, ${kind}`, number / count, 'calls');
    return [
      events ? atMost(all, calls.length / count, 'calls', 0.02) : shown(all, calls.length / count, 'calls'),
      ...kinds.map((kind) => each(kind, calls.filter((call) => call.kind === kind).length)),
      each('all others', others),
      shown(`${as}: calls answered with an error`, calls.filter(({ status }) => status >= 400).length, 'calls'),
      shown(`${as}: records refused at first, and landed by another call`, calls.reduce((sum, { refused }) => sum + refused, 0) / count, 'an envelope'),
      ...landed(scene, envelopes, { as, events }),
    ];
  });
}

/** What the org holds in the end. */
function landed({ front }: OrgScene, envelopes: readonly OutEnvelope[], { as, events }: Pick<Options, 'as' | 'events'>): Figure[] {
  const { salesforce } = front.sandbox;
  const part = (count: number) => count / envelopes.length;
  const whole = (name: string, count: number) => atLeast(`${as}: ${name}`, part(count), 'of the envelopes', 1);
  const states = new Map(salesforce.records('Envelope__c').map(({ values }) => [values.Envelope_Id__c, values.Status__c]));
  const done = (type: string, field: string, id: string, value: string) => salesforce.field(type, id, field) === value;
  return [
    whole('opportunities that say "completed"', envelopes.filter(({ deal }) => done('Opportunity', 'Esign_Status__c', deal, 'completed')).length),
    whole('Envelope__c that say "completed"', envelopes.filter(({ id }) => states.get(id) === 'completed').length),
    whole('contacts that are "signed"', envelopes.filter(({ contact }) => done('Contact', 'Esign_Journey__c', contact ?? '', 'signed')).length),
    whole('accounts that say "completed"', envelopes.filter(({ account }) => done('Account', 'Esign_Last_Status__c', account, 'completed')).length),
    whole('members of the campaign', salesforce.records('CampaignMember').filter(({ values }) => values.Status === 'Responded').length),
    ...(events ? [whole('platform events', salesforce.records(EVENT).length)] : []),
  ];
}

/** The shipped journey mapping but for its platform event, as a tenant would save it. */
async function withoutEvents({ db, seeded: { tenant, crm } }: OrgScene): Promise<void> {
  const shipped = projectFile('mappings/salesforce/journey.yaml');
  const text = shipped.replace(EVENT_STEP, '');
  if (text === shipped) throw new Error('The shipped journey mapping publishes no event.');
  await db.transaction().execute((tx) => putMapping(tx, tenant, crm.vendor, 'journey', text, { origin: 'tenant', note: '', createdBy: 'bench' }, Date.now()));
}
