import type { Rules } from '#core/decide/situation';
import type { TenantId } from '#core/ids';
import type { Db } from '#store/database';
import { shownTexts } from '#store/shown-texts';

/** Rules that plan with the wordings that are valid now. What is not asked for is not loaded. */
export async function withTexts(db: Db, tenant: TenantId, rules: Rules, now: number): Promise<Rules> {
  const names = rules.texts();
  if (names.length === 0) return rules;
  const texts = await shownTexts(db, tenant, names, now);
  return { ...rules, plan: (snapshot, trigger, touched) => rules.plan(snapshot, trigger, touched, texts) };
}
