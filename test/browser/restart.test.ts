import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { loadConfig } from '#src/config';
import { createWorld } from '#src/world';
import { askToInstall, connectProvider, dealSays, grantInstall, openDeal, openMail, sign, signIn } from './person.ts';
import { openStage, type Stage } from './stage.ts';

const DEAL = 'Harbour Coffee: subscription';
const LATER = 'Nordlys Studio: pilot';

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

test('at another port, what was connected and sent at the one before works on', async () => {
  const { hubspot } = stage.sandbox;
  hubspot.moveDeal(hubspot.dealNamed(LATER).id, 'contractsent');
  const page = await stage.open();
  await openDeal(page, LATER);
  await dealSays(page, 'Sent');
  const before = stage.address;
  await stage.close();

  const other = createServer().listen(Number(new URL(before).port), '127.0.0.1');
  await once(other, 'listening');
  stage = await openStage({ folder });
  expect(stage.address).not.toBe(before);
  const again = await stage.open();
  await openMail(again, 'Sigrid Moen', LATER);
  await sign(again);
  await again.getByText('Thank you, you have signed').waitFor();
  await openDeal(again, LATER);
  await dealSays(again, 'Partially signed');
  expect(await again.getByRole('link', { name: 'Open in Countersign' }).getAttribute('href')).toContain(stage.address);
  expect(stage.faults).toEqual([]);
  other.close();
});

test('a command beside the server knows where it stands, whichever port the configuration names', async () => {
  const beside = await createWorld(loadConfig({}, { mode: 'sandbox', port: 8080, database: join(folder, 'browser.db'), logLevel: 'silent' }), { serve: false });
  expect(beside.flow.publicUrl()).toBe(stage.address);
  await beside.stop();
});
