import type { InstallId, MappingId, TenantId } from '#core/ids';
import type { Rules } from '#core/decide/situation';
import type { CrmSchema, Template } from '#core/records';
import { activeMappings, getMapping, MAPPING_KINDS, type MappingKind } from '#store/mappings';
import { findGrounds } from '#store/grounds';
import { listInstalls, type Install } from '#store/installs';
import type { Db } from '#store/database';
import { Problem } from '#core/problem';
import { compileRules } from '#flow/rules';
import type { Flow } from '#flow/flow';

/** A tenant's accounts and what they were last seen to have. */
export interface Accounts {
  crm: Install;
  sign: Install | null;
  schema: CrmSchema | null;
  templates: Template[] | null;
  templatesReadAt: number | null;
  /** Accounts that journeys can be told through, by the id of their connector. */
  targets: ReadonlyMap<string, InstallId>;
}
export type Versions = Record<MappingKind, MappingId>;

const COMPILED_SETS = 500;

/** Which of a tenant's CRMs: the one of an install, or that of a vendor. Without either, the only one. */
export interface Asked {
  install?: InstallId | undefined;
  vendor?: string | undefined;
  /** A CRM that was disconnected still counts: what becomes of its envelopes is known, and what should be written there waits until it is connected again. */
  evenLeft?: boolean;
}

/** A CRM of a tenant, and its e-sign account. @throws Problem `install.absent` where there is no such CRM, `request.malformed` where there are several and none was named */
export async function accountsOf(flow: Flow, db: Db, tenant: TenantId, asked: Asked = {}): Promise<Accounts> {
  return accountsAmong(flow, db, tenant, await listInstalls(db, tenant), asked);
}

/** The same of installs that are read already. */
export async function accountsAmong(flow: Flow, db: Db, tenant: TenantId, all: Install[], asked: Asked): Promise<Accounts> {
  const present = all.filter((install) => install.state !== 'left');
  const fills = (slot: Slot) => (install: Install) => flow.vendors.get(install.vendor)?.connector[slot] !== undefined;
  const crm = chooseCrm(all.filter(fills('crm')), asked);
  const sign = present.findLast(fills('sign')) ?? null;
  const groundOf = await findGrounds(db, tenant, sign ? [crm.id, sign.id] : [crm.id]);
  const schema = groundOf(crm.id, 'schema')?.data ?? null;
  const templates = sign ? groundOf(sign.id, 'templates') : null;
  const targets = new Map(present.filter(fills('journey')).map((install) => [install.vendor, install.id]));
  return { crm, sign, schema, templates: templates?.data ?? null, templatesReadAt: templates?.readAt ?? null, targets };
}
type Slot = 'crm' | 'sign' | 'journey';

/** Where what was asked for is not connected, what is. */
export const sayNotConnected = (asked: string | undefined, connected: readonly string[]): string =>
  asked === undefined || connected.length === 0 ? 'No CRM is connected.' : `"${asked}" is not a CRM that is connected. Connected: ${connected.join(', ')}.`;

function chooseCrm(crms: Install[], { install, vendor, evenLeft = false }: Asked): Install {
  const present = crms.filter(({ state }) => state !== 'left');
  const fitting = (among: Install[]) => among.filter((one) => (install === undefined || one.id === install) && (vendor === undefined || one.vendor === vendor));
  const [only, ...others] = fitting(present);
  if (only && others.length > 0 && !evenLeft)
    throw new Problem('request.malformed', { say: `Several CRMs are connected. Say which one: ${present.map((one) => one.vendor).join(' or ')}.` });
  const chosen = only ?? (evenLeft ? fitting(crms).at(-1) : undefined);
  if (!chosen)
    throw new Problem('install.absent', {
      say: sayNotConnected(
        vendor,
        present.map((one) => one.vendor),
      ),
    });
  return chosen;
}

export interface RuleBook {
  /** The active mappings, compiled against the accounts as last seen. */
  active(db: Db, tenant: TenantId, accounts: Accounts): Promise<{ rules: Rules; versions: Versions }>;
  /** Those to which an envelope is pinned. */
  pinned(db: Db, tenant: TenantId, accounts: Accounts, versions: Versions): Promise<Rules>;
}

/** Compiled mappings are kept: versions never change, so a version with the ground it was compiled on is one thing for ever. */
export function createRuleBook(): RuleBook {
  const kept = new Map<string, Rules>();

  async function pinned(db: Db, tenant: TenantId, accounts: Accounts, versions: Versions): Promise<Rules> {
    const key = [...Object.values(versions), accounts.schema?.readAt, accounts.sign?.id, accounts.templatesReadAt].join('|');
    const known = kept.get(key);
    if (known) return known;
    const texts = await Promise.all(MAPPING_KINDS.map(async (kind) => [kind, (await getMapping(db, tenant, versions[kind])).text] as const));
    const rules = compileRules(Object.fromEntries(texts) as Record<MappingKind, string>, { schema: accounts.schema, templates: accounts.templates });
    if (kept.size >= COMPILED_SETS) kept.clear();
    kept.set(key, rules);
    return rules;
  }

  return {
    pinned,
    async active(db, tenant, accounts) {
      const active = await activeMappings(db, tenant, accounts.crm.vendor);
      const idOf = (kind: MappingKind): MappingId => {
        const version = active.get(kind);
        if (!version) throw new Problem('mapping.faulty', { say: `There is no active ${kind} mapping.` });
        return version.id;
      };
      const versions = { send: idOf('send'), writeback: idOf('writeback'), journey: idOf('journey') };
      return { versions, rules: await pinned(db, tenant, accounts, versions) };
    },
  };
}
