import { expect, test } from 'vitest';
import { projectFile } from '#lib/root';
import { openWorld } from '../flow/world.ts';

test('the forms in which the page of errors says that a problem is told are those that are told', async () => {
  const page = projectFile('docs/errors.md');
  const w = await openWorld({ connect: false });
  const told = async (path: string) => (await fetch(`${w.address}${path}`, { method: 'POST', body: '{}' })).json() as Promise<Record<string, unknown>>;
  for (const path of ['/webhooks/hubspot', '/api/v1/consents'])
    expect(await told(path)).toEqual({ error: expect.objectContaining({ code: expect.any(String), message: expect.any(String) }) });
  expect(Object.keys(await told('/cards/hubspot/deals/1/send'))).toEqual(['code', 'message']);
  expect(page).toContain('{ "error": { "code": "send.blocked", "message": "…" } }`, and to a CRM\'s cards and workflows what is inside alone');
  await w.stop();
});
