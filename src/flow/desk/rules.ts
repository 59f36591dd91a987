import type { Ceiling } from '#core/brakes';
import { parseMapping } from '#core/mapping/parse';
import type { InstallId, TenantId } from '#core/ids';
import { findRun } from '#store/entries';
import { listInstalls } from '#store/installs';
import { activeMappings, MAPPING_KINDS } from '#store/mappings';
import { listStops } from '#store/stops';
import { ceilingOf, firstRunOf } from '#flow/brakes';
import { compileRules } from '#flow/rules';
import type { Flow } from '#flow/flow';

/** A send rule of the active mapping, with what keeps it back. */
export interface RuleState {
  crm: InstallId;
  vendor: string;
  rule: string;
  title: string;
  ceiling: Ceiling;
  /** Sends of its first run so far; null where it is on none. */
  firstRun: number | null;
  stopped: boolean;
}

/** The rules of every CRM that is connected. A mapping with faults has none here: it sends nothing either. */
export async function ruleStates(flow: Flow, tenant: TenantId): Promise<RuleState[]> {
  const stops = await listStops(flow.db, tenant);
  const installs = await listInstalls(flow.db, tenant);
  const crms = installs.filter(({ vendor, state }) => state !== 'left' && flow.vendors.get(vendor)?.connector.crm !== undefined);
  const states = await Promise.all(
    crms.map(async ({ id: crm, vendor }) => {
      const active = await activeMappings(flow.db, tenant, vendor);
      const parsed = parseMapping('send', active.get('send')?.text ?? '');
      if (!parsed.ok || MAPPING_KINDS.some((kind) => !active.has(kind))) return [];
      const texts = { send: active.get('send')?.text ?? '', writeback: active.get('writeback')?.text ?? '', journey: active.get('journey')?.text ?? '' };
      const rules = compileRules(texts, { schema: null, templates: null });
      return Promise.all(
        parsed.mapping.rules.map(async ({ id: rule, title, when }): Promise<RuleState> => {
          const run = await findRun(flow.db, tenant, crm, rule, rules.brake(rule).start);
          const stopped = stops.some((stop) => stop.crm === crm && stop.rule === rule);
          // What only a person starts is on no run of its own.
          const firstRun = when.stage === undefined ? null : firstRunOf(run, flow.clock.now());
          return { crm, vendor, rule, title, ceiling: ceilingOf(flow, rules, rule), firstRun, stopped };
        }),
      );
    }),
  );
  return states.flat();
}
