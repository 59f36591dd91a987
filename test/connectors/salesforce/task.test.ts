import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeTask } from '#connectors/salesforce/task';
import { id, page, problemOf, refusal, scriptedOrg, specOf, SYSTEM_FIELDS, type Asked, type Reply, type ScriptedOrg } from './org.ts';

const DEAL = id('006', 1);
const task = { deal: DEAL, owner: id('005', 1) as string | null, subject: 'Call them', body: 'A signer declined.', key: 'eff_1', dueAt: Date.parse('2026-03-02T23:30:00Z') };

/** Keeps tasks as an org does. */
function diary(refuse: (body: Record<string, unknown>) => Reply | undefined = () => undefined) {
  const kept: Record<string, unknown>[] = [];
  const answer = ({ method, path, body }: Asked): Reply | undefined => {
    if (method === 'POST' && path === '/sobjects/Task') {
      const made = body as Record<string, unknown>;
      const refused = refuse(made);
      if (refused) return refused;
      kept.push({ Id: id('00T', kept.length + 1), ...made });
      return { status: 201, body: { id: id('00T', kept.length), success: true, errors: [] } };
    }
    if (path.includes(' FROM Task ')) return page(kept.filter(({ WhatId }) => path.includes(String(WhatId))));
    return undefined;
  };
  return { kept, answer };
}

let org: ScriptedOrg;
beforeEach(async () => void (org = await scriptedOrg()));
afterEach(() => org.stop());

describe('a task', () => {
  test('is made once for a key, however often asked, and again for another', async () => {
    const { kept, answer } = diary();
    org.answers(answer);
    const first = await makeTask(org.call, task);
    expect(await makeTask(org.call, task)).toEqual(first);
    expect((await makeTask(org.call, { ...task, key: 'eff_2' })).id).not.toBe(first.id);
    expect(kept).toHaveLength(2);
    expect(await makeTask(org.call, { ...task, deal: id('006', 2) })).not.toEqual(first);
  });

  test('stands on the opportunity, for its owner, due on its day, and holds no more than the fields do', async () => {
    const { kept, answer } = diary();
    org.answers(answer);
    await makeTask(org.call, { ...task, subject: 's'.repeat(300), body: 'b'.repeat(40_000) });
    expect(kept[0]).toMatchObject({ WhatId: DEAL, OwnerId: id('005', 1), ActivityDate: '2026-03-02' });
    expect([String(kept[0]?.Subject).length, String(kept[0]?.Description).length]).toEqual([255, 32_000]);
    expect(String(kept[0]?.Description)).toMatch(/\n\nCountersign reference [0-9a-f]{16}$/);
    // Its picklists are the org's own: it fills them by its defaults.
    expect(kept[0]).not.toHaveProperty('Status');
  });

  test("without an owner, or with one who has left, is the connected user's", async () => {
    const { kept, answer } = diary((body) => (body.OwnerId === id('005', 9) ? refusal(400, 'INACTIVE_OWNER_OR_USER', 'operation performed with inactive user') : undefined));
    org.answers(answer);
    for (const owner of [null, 'nobody', id('005', 9)]) await makeTask(org.call, { ...task, owner, key: `key of ${owner ?? ''}` });
    expect(kept.map((one) => 'OwnerId' in one)).toEqual([false, false, false]);
  });

  test('that is refused for another reason is refused, once', async () => {
    org.answers(diary(() => refusal(400, 'REQUIRED_FIELD_MISSING', 'Required fields are missing: [Kind__c]', ['Kind__c'])).answer);
    const problem = await problemOf(makeTask(org.call, task));
    expect([problem.code, problem.message]).toEqual(['vendor.rejected', expect.stringContaining('Kind__c')]);
    expect(org.asked.filter(({ method }) => method === 'POST')).toHaveLength(1);
    expect((await problemOf(makeTask(org.call, { ...task, deal: '999' }))).code).toBe('vendor.not-found');
  });

  test('is made of fields that Salesforce documents as its maker may set', async () => {
    const { kept, answer } = diary();
    org.answers(answer);
    await makeTask(org.call, task);
    const { Id: _id, ...made } = kept[0] ?? {};
    const spec = specOf('Task');
    for (const name of Object.keys(made)) expect([name, spec[name]?.properties.includes('Create')]).toEqual([name, true]);
    for (const name of ['Status', 'Priority']) expect(spec[name]?.properties).toContain('Defaulted on create');
    expect(spec.Description?.properties).not.toContain('Filter');
    expect(['Id', 'CreatedDate'].every((name) => SYSTEM_FIELDS.includes(name))).toBe(true);
  });
});
