import type { CrmSchema, Fields, Snapshot } from '#core/records';
import { Secret } from '#lib/secret';
import type { Auth } from '#ports/auth';
import type { Crm, Journey, RecordWrite } from '#ports/crm';
import { finishInstall, startInstall } from '#flow/install';
import { getVendor } from '#flow/flow';
import { findGround } from '#store/grounds';
import type { Install } from '#store/installs';
import { freezeRounds, type TestWorld } from './world.ts';

export const SECOND = 'second-crm';

/** A CRM of another vendor, played in this process: it holds deals, and what is written to them. */
export interface SecondCrm {
  install: Install;
  /** Plants a deal at the stage that sends; the same id as another CRM's is another deal. */
  plant(id: string, name: string, email: string): void;
  /** What was written to a deal, the later value over the earlier. */
  says(deal: string): Fields;
  writes: RecordWrite[];
  /** Lists and who joined them. */
  joined: [string, string][];
}

/** Connects it for the tenant as a person would, with the mappings of the CRM that the sandbox has. */
export async function connectSecond(test: TestWorld): Promise<SecondCrm> {
  const { flow } = test.world;
  const first = getVendor(flow, test.crm.vendor);
  const schema = (await findGround(test.db, test.tenant, test.crm.id, 'schema'))?.data;
  if (!schema) throw new Error('The first CRM has been read.');
  const deals = new Map<string, Snapshot>();
  const writes: RecordWrite[] = [];
  const joined: [string, string][] = [];
  const manifest = { ...first.connector.manifest, id: SECOND, name: 'Second CRM' };
  const connector = { manifest, auth: authAt(test.address), crm: createCrm(schema, deals, writes), journey: createJourney(joined) };
  flow.vendors.set(SECOND, { connector, app: first.app, loginAt: () => null, appId: 'second', webhookSecrets: [] });
  const { shippedMapping } = flow;
  flow.shippedMapping = (vendor, kind) => shippedMapping(vendor === SECOND ? test.crm.vendor : vendor, kind);
  const install = await connect(test);
  return {
    install,
    writes,
    joined,
    plant: (id, name, email) => void deals.set(id, snapshotOf(id, name, email, test.clock.now())),
    says: (deal) => Object.assign({}, ...writes.filter(({ record }) => record.type === 'deal' && record.id === deal).map(({ set }) => set)) as Fields,
  };
}

async function connect(test: TestWorld): Promise<Install> {
  const { flow } = test.world;
  const page = new URL(await startInstall(flow, SECOND, { tenant: test.tenant, browser: 'browser' }));
  const state = page.searchParams.get('state') ?? '';
  const install = await finishInstall(flow, SECOND, { state, code: 'a-code', browser: 'browser', session: { tenant: test.tenant } });
  await test.until('the second CRM to be read', () => findGround(test.db, test.tenant, install.id, 'schema'));
  await test.until('its first rounds to end', async () => {
    const rounds = await test.db.selectFrom('cursors').select(['last_ok_at', 'lease_until']).where('install', '=', install.id).execute();
    return rounds.length === 2 && rounds.every((one) => one.last_ok_at !== null && one.lease_until === 0);
  });
  await freezeRounds(test.db);
  return install;
}

function authAt(baseUrl: string): Auth {
  const tokens = async () => ({ accessToken: new Secret('second'), refreshToken: null, expiresAt: 9_000_000_000_000, scopes: [] });
  return {
    authorizeUrl: (_app, { state }) => `${baseUrl}/second?state=${state}`,
    exchange: tokens,
    refresh: tokens,
    identify: async () => ({ id: 'second-1', name: 'Second account', environment: 'live', baseUrl, details: {} }),
  };
}

function createCrm(schema: CrmSchema, deals: ReadonlyMap<string, Snapshot>, writes: RecordWrite[]): Crm {
  return {
    prepare: async () => [],
    describe: async () => schema,
    read: async (_call, ids) => ids.flatMap((id) => deals.get(id) ?? []),
    list: async () => [...deals.values()].map(({ deal: { id, name, stage, fields } }) => ({ id, name, stage, fields })),
    async write(_call, some) {
      writes.push(...some);
      return some.map(({ set }) => ({ ok: true, written: Object.keys(set), left: [] }));
    },
    task: async () => ({ id: 'task-1' }),
    changes: async () => ({ notices: [], cursor: null, more: false }),
  };
}

function createJourney(joined: [string, string][]): Journey {
  return {
    async join(_call, list, members) {
      joined.push(...members.map(({ contact }): [string, string] => [list, contact]));
      return { absent: [] };
    },
  };
}

function snapshotOf(id: string, name: string, email: string, now: number): Snapshot {
  const fields = { dealname: name, amount: 1000, deal_currency_code: 'EUR', hs_analytics_source: 'REFERRALS' };
  return {
    deal: { id, name, fields, pipeline: 'default', stage: 'contractsent', enteredAt: now, url: null },
    contacts: [{ id: `contact-of-${id}`, fields: { firstname: 'Bo', lastname: 'Second', email }, labels: ['Signer'], primary: true }],
    company: { id: `company-of-${id}`, fields: { name: 'Second Ltd' } },
    lines: [],
    owner: { id: 'owner-2', name: 'Olga Owner', email: 'olga@example.com' },
    readAt: now,
  };
}
