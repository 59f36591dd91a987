import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { projectRoot } from '#lib/root';
import { readUsage } from '../usage.ts';
import { askToInstall, connectProvider, dealSays, dragDeal, grantInstall, openDeal, openMail, sign, signIn } from './person.ts';
import { openStage, PHONE } from './stage.ts';

/** Plays the story in a world of its own and keeps pictures of it in `docs/images`, for the README and the docs: `npm run screenshots`. */
readUsage('npm run screenshots   plays the story in Chromium, and writes docs/images', {});
const FOLDER = join(projectRoot, 'docs', 'images');
/** A page of documentation should not be heavy. */
const MOST_BYTES = 300_000;
const TALL = { width: 1000, height: 1400 };
const DEAL = 'Harbour Coffee: subscription';

async function picture(page: Page, name: string, whole = false): Promise<void> {
  const path = join(FOLDER, `${name}.png`);
  // Nothing half-way: fonts and styles are there, and no pointer lies over anything.
  await page.mouse.move(0, 0);
  await page.waitForLoadState('networkidle');
  await page.screenshot({ path, fullPage: whole, animations: 'disabled' });
  const { size } = statSync(path);
  if (size > MOST_BYTES) throw new Error(`${name}.png has ${size} bytes; ${MOST_BYTES} is the most.`);
  console.log(`docs/images/${name}.png  ${Math.round(size / 1000)} kB`);
}

mkdirSync(FOLDER, { recursive: true });
const stage = await openStage();
try {
  const page = await stage.open();
  const phone = await stage.open({ viewport: PHONE });
  await signIn(stage, page);
  await askToInstall(page);
  await picture(page, 'consent');
  await grantInstall(page);
  await connectProvider(page);
  await picture(page, 'first-steps');
  await page.getByRole('link', { name: 'Dry-run it on a deal' }).click();
  await page.getByRole('link', { name: DEAL }).click();
  await page.getByRole('heading', { name: 'Would send “Order form”' }).waitFor();
  await picture(page, 'dry-run');

  await dragDeal(page, DEAL, 'Contract sent');
  await page.getByRole('article').filter({ hasText: DEAL }).getByText('Sent', { exact: true }).waitFor();
  await page.goto('/sandbox/hubspot/deals');
  await picture(page, 'deal-board');
  await openMail(phone, 'Mara Lindqvist', DEAL);
  await phone.getByRole('form', { name: 'Sign' }).getByRole('checkbox').check();
  await picture(phone, 'signing-phone', true);
  await sign(phone);
  await phone.getByText('Thank you, you have signed').waitFor();
  await openMail(page, 'Sam Rivera', DEAL);
  await sign(page);

  await openDeal(page, DEAL);
  await dealSays(page, 'Completed');
  await picture(page, 'deal');
  await page.getByRole('link', { name: 'Open in Countersign' }).click();
  await page.getByRole('heading', { name: 'HubSpot added the contact to the list' }).waitFor();
  await picture(page, 'tour');
  await page.emulateMedia({ colorScheme: 'dark' });
  await picture(page, 'tour-dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(TALL);
  await picture(page, 'timeline');
} finally {
  await stage.close();
}
