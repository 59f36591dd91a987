import { newId } from '#lib/ids';
import { checkParsed } from '#core/mapping/check';
import { parseMapping } from '#core/mapping/parse';
import type { TenantId } from '#core/ids';
import { append } from '#store/ledger';
import { activateMapping, activeMappings, MAPPING_KINDS, putMapping, type MappingKind } from '#store/mappings';
import { textNames } from '#store/shown-texts';
import type { Desk, MappingFault } from '#flow/desk';
import type { Flow } from '#flow/flow';
import { journeyGround } from '#flow/desk/journey';
import { accountsOf } from '#flow/rule-book';

type MappingDesk = Pick<Desk, 'saveMapping' | 'activateMapping'>;

/** Faults of the active mappings, or of `texts` in their place, against the accounts as last seen. */
export async function checkMappings(flow: Flow, tenant: TenantId, texts: Partial<Record<MappingKind, string>> = {}, vendor?: string): Promise<MappingFault[]> {
  const accounts = await accountsOf(flow, flow.db, tenant, { vendor });
  const { crm, schema, templates } = accounts;
  const active = await activeMappings(flow.db, tenant, crm.vendor);
  const parsed = MAPPING_KINDS.map((kind) => parseMapping(kind, texts[kind] ?? active.get(kind)?.text ?? ''));
  return checkParsed(parsed, { schema, templates, ...(await journeyGround(flow, tenant, accounts)), texts: await textNames(flow.db, tenant) });
}

export function createMappingDesk(flow: Flow): MappingDesk {
  return {
    async saveMapping(tenant, kind, text, note, by, vendor) {
      const { crm } = await accountsOf(flow, flow.db, tenant, { vendor });
      const faults = (await checkMappings(flow, tenant, { [kind]: text }, crm.vendor)).filter((fault) => fault.kind === kind);
      if (faults.some((fault) => fault.level === 'error')) return { saved: false, faults };
      const now = flow.clock.now();
      const version = await flow.db.transaction().execute(async (tx) => {
        const row = await putMapping(tx, tenant, crm.vendor, kind, text, { origin: 'tenant', note, createdBy: by }, now);
        await append(tx, tenant, 'audit', [
          {
            id: newId('aud', now),
            at: now,
            actor: by,
            action: 'mapping.saved',
            subject: row.id,
            detail: JSON.stringify({ crm: crm.vendor, kind, version: row.version, hash: row.hash, note }),
          },
        ]);
        return row;
      });
      return { saved: true, id: version.id, version: version.version };
    },

    async activateMapping(tenant, kind, version, by, vendor) {
      const { crm } = await accountsOf(flow, flow.db, tenant, { vendor });
      const now = flow.clock.now();
      await flow.db.transaction().execute(async (tx) => {
        await activateMapping(tx, tenant, crm.vendor, kind, version);
        await append(tx, tenant, 'audit', [
          { id: newId('aud', now), at: now, actor: by, action: 'mapping.activated', subject: `${kind} ${version}`, detail: JSON.stringify({ crm: crm.vendor }) },
        ]);
      });
    },
  };
}
