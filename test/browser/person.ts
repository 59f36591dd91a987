import { expect } from './expect.ts';
import type { Page } from 'playwright-core';
import type { Stage } from './stage.ts';

/** What a person does in the browser, found by the names that a person reads. */

export async function signIn(stage: Stage, page: Page): Promise<void> {
  await page.goto(await stage.world.link());
  await page.getByRole('button', { name: 'Open the console' }).click();
  await page.waitForURL(`${stage.address}/`);
}

/** From the marketplace page of the CRM's sandbox through the consent page into the console. */
export async function installInCrm(stage: Stage, page: Page): Promise<void> {
  await page.goto('/sandbox/hubspot/');
  await page.getByRole('link', { name: 'Install Countersign' }).click();
  await page.getByRole('button', { name: 'Connect app' }).click();
  await page.waitForURL(/\/t\/ten_/);
}

export async function connectProvider(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Connect DocuSign' }).click();
  await page.getByRole('button', { name: 'Allow' }).click();
  await page.waitForURL(/\/t\/ten_/);
}

/** Picks the card up with the mouse and lets it go over the column. */
export async function dragDeal(page: Page, deal: string, stage: string): Promise<void> {
  await page.goto('/sandbox/hubspot/deals');
  const column = page.getByRole('region', { name: stage });
  await page.getByRole('article').filter({ hasText: deal }).dragTo(column);
  await column.getByRole('article').filter({ hasText: deal }).waitFor();
}
