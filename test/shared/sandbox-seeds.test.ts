import { describe, expect, it } from 'vitest';
import { systemClock } from '#lib/clock';
import { restoreState as accountEngagement } from '#connectors/account-engagement/sandbox/state';
import { restoreState as docusign } from '#connectors/docusign/sandbox/state';
import { seedWorld } from '#connectors/hubspot/sandbox/seed';
import { restoreState as marketingCloud } from '#connectors/marketing-cloud/sandbox/state';
import { seedOrg } from '#connectors/salesforce/sandbox/seed/seed';

const SEEDS: Record<string, () => unknown> = {
  'account-engagement': () => accountEngagement(undefined),
  docusign: () => docusign(undefined),
  hubspot: () => seedWorld(1_760_000_000_000, 8_800_001, 'STANDARD'),
  'marketing-cloud': () => marketingCloud(undefined),
  salesforce: () => seedOrg(systemClock, { orgType: 'production', edition: 'enterprise', multiCurrency: true }),
};

/** Every object within a value, the value included. */
function objectsIn(value: unknown, found = new Set<object>()): Set<object> {
  if (typeof value !== 'object' || value === null || found.has(value)) return found;
  found.add(value);
  for (const inner of Object.values(value)) objectsIn(inner, found);
  return found;
}

describe.each(Object.entries(SEEDS))('a new account of the %s sandbox', (_id, seed) => {
  it('shares nothing with another, so that what changes in one does not change in all', () => {
    const first = objectsIn(seed());
    const shared = [...objectsIn(seed())].filter((one) => first.has(one) && !Object.isFrozen(one));
    expect(first.size).toBeGreaterThan(1);
    expect(shared).toEqual([]);
  });
});
