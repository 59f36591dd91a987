import type { MappingId, TenantId } from '#core/ids';
import type { Rules } from '#core/decide/situation';
import type { CrmSchema, Template } from '#core/records';
import { activeMappings, getMapping, MAPPING_KINDS, type MappingKind } from '#store/mappings';
import { findGround } from '#store/grounds';
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
}
export type Versions = Record<MappingKind, MappingId>;

const COMPILED_SETS = 500;

/**
 * The CRM and the e-sign account of a tenant. With `evenLeft` a CRM that was disconnected still counts: what becomes of its envelopes is known,
 * and what should be written there waits until it is connected again. @throws Problem `install.absent` where there is no CRM
 */
export async function accountsOf(flow: Flow, db: Db, tenant: TenantId, evenLeft = false): Promise<Accounts> {
  const all = await listInstalls(db, tenant);
  const present = all.filter((install) => install.state !== 'left');
  const has = (slot: 'crm' | 'sign', among: Install[]) => among.findLast((install) => flow.vendors.get(install.vendor)?.connector[slot]);
  const crm = has('crm', present) ?? (evenLeft ? has('crm', all) : undefined);
  if (!crm) throw new Problem('install.absent', { say: 'No CRM is connected.' });
  const sign = has('sign', present) ?? null;
  const schema = (await findGround(db, tenant, crm.id, 'schema'))?.data ?? null;
  const templates = sign ? await findGround(db, tenant, sign.id, 'templates') : null;
  return { crm, sign, schema, templates: templates?.data ?? null, templatesReadAt: templates?.readAt ?? null };
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
      const active = await activeMappings(db, tenant);
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
