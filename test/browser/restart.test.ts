import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { askToInstall, connectProvider, dealSays, grantInstall, openDeal, openMail, sign, signIn } from './person.ts';
import { openStage, type Stage } from './stage.ts';

const DEAL = 'Harbour Coffee: subscription';

const folder = mkdtempSync(join(tmpdir(), 'countersign-restart-'));
let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ folder });
});
afterAll(async () => {
  await stage.close();
  rmSync(folder, { recursive: true, force: true });
});

test('a server that is stopped in the middle of a story comes back with all of it, and sends nothing twice', async () => {
  const page = await stage.open();
  await signIn(stage, page);
  await askToInstall(page);
  await grantInstall(page);
  await connectProvider(page);
  const { hubspot } = stage.sandbox;
  hubspot.moveDeal(hubspot.dealNamed(DEAL).id, 'contractsent');
  await openDeal(page, DEAL);
  await dealSays(page, 'Sent');
  const port = Number(new URL(stage.address).port);
  await stage.close();

  stage = await openStage({ folder, port });
  const again: Page = await stage.open();
  await again.goto(await stage.world.link());
  await again.getByRole('button', { name: 'Open the console' }).click();
  await again.getByRole('link', { name: DEAL }).waitFor();
  expect(stage.sandbox.docusign.envelopes()).toHaveLength(1);
  for (const person of ['Mara Lindqvist', 'Sam Rivera']) {
    await openMail(again, person, DEAL);
    await sign(again);
    await again.getByText(/Thank you, you have signed|Everyone has signed/).waitFor();
  }
  await openDeal(again, DEAL);
  await dealSays(again, 'Completed');
  expect(stage.sandbox.docusign.envelopes()).toHaveLength(1);
  expect(stage.faults).toEqual([]);
});
