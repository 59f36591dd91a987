import { createHash } from 'node:crypto';
import { sha256 } from '#lib/hmac';
import { newId, newToken } from '#lib/ids';
import { sameText } from '#lib/hmac';
import { Problem } from '#core/problem';
import type { TenantId } from '#core/ids';
import type { Account, AppRegistration, Tokens } from '#ports/auth';
import type { Connector } from '#ports/connector';
import { clearAlarm } from '#store/alarms';
import { ensureCursor, hurryCursor } from '#store/cursors';
import type { Tx } from '#store/database';
import { createTenant, findInstallByAccount, getInstall, listInstalls, putInstall, putOauthState, takeOauthState, updateInstall, type Install } from '#store/installs';
import { append } from '#store/ledger';
import { MAPPING_KINDS, activeMappings, putMapping } from '#store/mappings';
import { holdEffects } from '#store/outbox';
import { PLACES } from '#store/sealed';
import { asServer } from '#store/scope';
import type { Session } from '#store/sessions';
import { PRIORITY } from '#core/effect';
import { getVendor, type Flow } from '#flow/flow';
import { shipTexts } from '#flow/proof/text-file';
import { openTokens, sealTokens } from '#flow/tokens';

/** A sign-in at a vendor may take this long, milliseconds. */
const STATE_MS = 15 * 60_000;
/** Each install is asked for two things on a schedule: what it has, and what changed. */
export const GROUND = 'ground';
export const CHANGES = 'changes';

interface Start {
  tenant: TenantId | null;
  browser: string;
  operator?: boolean;
  /** Where the person signs in, for vendors with several logins: one's id, or a host of the account's own. */
  login?: string | undefined;
}

/** Begins an OAuth sign-in, `operator` where an operator does. `browser` is a secret of the browser that begins it: only that browser can end it. Returns the vendor's consent page. */
export async function startInstall(flow: Flow, vendorId: string, asked: Start): Promise<string> {
  const { tenant, browser, operator = false } = asked;
  const vendor = getVendor(flow, vendorId);
  const { connector } = vendor;
  const login = vendor.loginAt(asked.login ?? null);
  const state = newToken();
  const verifier = newToken(48);
  const now = flow.clock.now();
  const sealed = flow.sealer.seal(verifier, PLACES.verifier(sha256(state)));
  const row = { vendor: vendorId, login, tenant, operator: operator ? (1 as const) : (0 as const), browser_hash: sha256(browser), verifier: sealed, expires_at: now + STATE_MS };
  await putOauthState(flow.db, state, row, now);
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  return connector.auth.authorizeUrl(appAt(vendor.app, login), { state, challenge });
}

interface Return {
  state: string;
  code: string;
  browser: string;
  /** Of that browser, now. A CRM vouches for whoever comes back from it; any other vendor's account is for those alone who are in the tenant already. */
  session: Pick<Session, 'tenant'> | undefined;
}

/** Ends an OAuth sign-in: tokens sealed, tenant and install made or found again, what was held goes on. @throws Problem `oauth.state`, `oauth.denied`, `request.forbidden` */
export async function finishInstall(flow: Flow, vendorId: string, got: Return): Promise<Install> {
  const started = await takeOauthState(flow.db, got.state);
  if (!started || started.vendor !== vendorId || started.expires_at < flow.clock.now() || !sameText(started.browser_hash, sha256(got.browser))) throw new Problem('oauth.state');
  const vendor = getVendor(flow, vendorId);
  const { connector } = vendor;
  const app = appAt(vendor.app, started.login);
  const { session } = got;
  if (!connector.crm && (!session || (session.tenant !== null && session.tenant !== started.tenant))) throw signInFirst(connector);
  const verifier = flow.sealer.open(started.verifier, PLACES.verifier(sha256(got.state)));
  const http = flow.tokenHttp(vendorId);
  const tokens = await connector.auth.exchange(app, http, { code: got.code, verifier, now: flow.clock.now() });
  const account = await connector.auth.identify(app, http, tokens);
  return admit(flow, vendorId, { tenant: started.tenant, known: flow.admission === 'operator' && started.operator === 0, by: 'oauth' }, tokens, account);
}

/** The registration with the login that was chosen. */
const appAt = (app: AppRegistration, login: string | null): AppRegistration =>
  login === null ? app : { ...app, redirectUri: app.redirectUri, apiUrl: app.apiUrl, authorizeUrl: login, tokenUrl: login };

/** Forgets a sign-in that the person called off. */
export async function dropInstall(flow: Flow, state: string): Promise<void> {
  await takeOauthState(flow.db, state);
}

export const signInFirst = ({ manifest }: Connector): Problem =>
  new Problem('request.forbidden', { say: `Sign in to the console first, then connect ${manifest.name} from there.` });

/** Connects the account of the server's own key by a server-to-server grant, without anybody's redirect: for operators, whose key it is. @throws Problem `feature.unsupported` */
export async function installByKey(flow: Flow, vendorId: string, tenant: TenantId, by: string): Promise<Install> {
  const { connector, app } = getVendor(flow, vendorId);
  if (!connector.auth.mint) throw new Problem('feature.unsupported', { say: `${connector.manifest.name} has no grant of that kind.` });
  const http = flow.tokenHttp(vendorId);
  const tokens = await connector.auth.mint(app, http, flow.clock.now());
  return admit(flow, vendorId, { tenant, known: false, by }, tokens, await connector.auth.identify(app, http, tokens));
}

interface Asked {
  tenant: TenantId | null;
  /** Only an account that is known already comes in. */
  known: boolean;
  by: string;
}

async function admit(flow: Flow, vendorId: string, asked: Asked, tokens: Tokens, account: Account): Promise<Install> {
  const now = flow.clock.now();
  // Whether the account is another tenant's already is not for one tenant to see.
  const connecting = (work: (tx: Tx) => Promise<Install>) => asServer(() => flow.db.transaction().execute(work));
  const install = await connecting(async (tx) => {
    const tenant = await tenantFor(flow, tx, vendorId, asked, account);
    const values = {
      vendor: vendorId,
      account: account.id,
      name: account.name,
      environment: account.environment,
      baseUrl: tokens.baseUrl ?? account.baseUrl,
      details: JSON.stringify(account.details),
      scopes: tokens.scopes,
      expiresAt: tokens.expiresAt,
    };
    const row = await putInstall(tx, tenant, values, (id) => sealTokens(flow, { tenant, id }, tokens), now);
    for (const name of [GROUND, CHANGES]) await ensureCursor(tx, tenant, row.id, name, now);
    await hurryCursor(tx, tenant, row.id, now);
    await holdEffects(tx, tenant, row.id, false, now);
    await clearAlarm(tx, 'install-needs-reauthorisation', row.id);
    await append(tx, tenant, 'audit', [
      {
        id: newId('aud', now),
        at: now,
        actor: asked.by,
        action: 'install.granted',
        subject: row.id,
        detail: JSON.stringify({ vendor: vendorId, account: account.id, scopes: tokens.scopes }),
      },
    ]);
    return row;
  });
  flow.wake.cursors();
  flow.wake.outbox();
  return install;
}

async function tenantFor(flow: Flow, tx: Tx, vendorId: string, { tenant: asked, known: mustBeKnown }: Asked, account: Account): Promise<TenantId> {
  const known = await findInstallByAccount(tx, vendorId, account.id);
  if (asked && known && known.tenant !== asked) throw new Problem('request.forbidden', { say: 'That account is already connected for another tenant.' });
  const tenant = asked ?? known?.tenant;
  if (getVendor(flow, vendorId).connector.crm) {
    if (mustBeKnown && !known)
      throw new Problem('request.forbidden', {
        say: 'This server does not know that account, and lets new ones in by its operator alone. Nothing was kept. Ask whoever runs it to connect the account.',
      });
    const made = tenant ?? (await createTenant(tx, account.name, flow.clock.now()));
    await refuseSecond(flow, tx, made, { vendorId, account: account.id });
    await shipMappings(flow, tx, made, vendorId);
    await shipTexts(flow, tx, made);
    return made;
  }
  if (!tenant) throw new Problem('install.absent', { say: 'Install from a CRM first; then connect this account from the console.' });
  await refuseSecond(flow, tx, tenant, { vendorId, account: account.id });
  return tenant;
}

/** One account of a vendor a tenant, and one e-sign account: a second would make "which one?" a guess. CRMs of different vendors may stand side by side. */
async function refuseSecond(flow: Flow, tx: Tx, tenant: TenantId, { vendorId, account }: { vendorId: string; account: string }): Promise<void> {
  const signs = (vendor: string) => getVendor(flow, vendor).connector.sign !== undefined;
  const other = (await listInstalls(tx, tenant)).find(
    (install) =>
      install.state !== 'left' && !(install.vendor === vendorId && install.account === account) && (install.vendor === vendorId || (signs(install.vendor) && signs(vendorId))),
  );
  if (other) throw new Problem('request.forbidden', { say: `${other.name} is connected already. Disconnect it before connecting another account of that kind.` });
}

async function shipMappings(flow: Flow, tx: Tx, tenant: TenantId, vendorId: string): Promise<void> {
  const active = await activeMappings(tx, tenant, vendorId);
  for (const kind of MAPPING_KINDS) {
    if (active.get(kind)?.origin === 'tenant') continue;
    await putMapping(
      tx,
      tenant,
      vendorId,
      kind,
      flow.shippedMapping(vendorId, kind),
      { origin: 'shipped', note: 'Comes with the product', createdBy: 'countersign' },
      flow.clock.now(),
    );
  }
}

/** Leaves an account from our side: the vendor is told, the tokens are forgotten, what waits is held. */
export async function leaveInstall(flow: Flow, tenant: TenantId, id: Install['id'], by: string): Promise<void> {
  const install = await getInstall(flow.db, tenant, id);
  const { connector } = getVendor(flow, install.vendor);
  if (install.state === 'active' && connector.auth.leave) {
    await connector.auth.leave(flow.bind(install, PRIORITY.click), openTokens(flow, install).refreshToken).catch((error: unknown) => {
      // A grant that is dead already has left by itself.
      if (Problem.from(error).remedy !== 'reauthorize') throw error;
    });
  }
  const now = flow.clock.now();
  await flow.db.transaction().execute(async (tx) => {
    await updateInstall(tx, tenant, id, { state: 'left', tokens: null, reason: 'Disconnected here.', updated_at: now });
    await holdEffects(tx, tenant, id, true, now);
    await append(tx, tenant, 'audit', [{ id: newId('aud', now), at: now, actor: by, action: 'install.left', subject: id, detail: '{}' }]);
  });
  flow.wake.cursors();
}
