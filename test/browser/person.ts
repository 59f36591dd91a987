import type { Locator, Page } from 'playwright-core';
import type { Stage } from './stage.ts';

/** What a person does in the browser, found by the names that a person reads. */

export async function signIn(stage: Stage, page: Page): Promise<void> {
  await page.goto(await stage.world.link());
  await page.getByRole('button', { name: 'Open the console' }).click();
  await page.getByRole('heading', { name: 'Install in a CRM' }).waitFor();
}

/** From the marketplace page of the CRM's sandbox to its consent page. */
export async function askToInstall(page: Page): Promise<void> {
  await page.goto('/sandbox/hubspot/');
  await page.getByRole('link', { name: 'Install Countersign' }).click();
  await page.getByRole('heading', { name: 'Connect Countersign to HubSpot' }).waitFor();
}

export async function grantInstall(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Connect app' }).click();
  await firstSteps(page).waitFor();
}

/** From the console's first steps through the provider's consent page and back. */
export async function connectProvider(page: Page): Promise<void> {
  await firstSteps(page).getByRole('link', { name: 'Connect DocuSign' }).click();
  await page.getByRole('button', { name: 'Allow' }).click();
  await firstSteps(page).getByText('3 of 6 done').waitFor();
}

export const firstSteps = (page: Page): Locator => page.getByRole('region', { name: 'First steps' });

export const cardOf = (page: Page, deal: string): Locator => page.getByRole('article').filter({ hasText: deal });

/** Picks the card up with the mouse and lets it go over the column. */
export async function dragDeal(page: Page, deal: string, stage: string): Promise<void> {
  await page.goto('/sandbox/hubspot/deals');
  const column = page.getByRole('region', { name: stage });
  await cardOf(page, deal).dragTo(column);
  await page
    .getByRole('status')
    .filter({ hasText: `is now in ${stage}` })
    .waitFor();
  await cardOf(column.page(), deal).and(column.getByRole('article')).waitFor();
}

/** From the deal board to the deal's own page. */
export async function openDeal(page: Page, deal: string): Promise<void> {
  await page.goto('/sandbox/hubspot/deals');
  await page.getByRole('link', { name: deal }).click();
  await page.getByRole('heading', { name: deal, level: 1 }).waitFor();
}

/** The deal's record says what became of its signature; its page looks for news by itself. */
export async function dealSays(page: Page, words: string): Promise<void> {
  await page.getByRole('region', { name: 'Signature', exact: true }).getByText(words, { exact: true }).first().waitFor();
}

/** Opens the newest mail of a person and the document behind its button. */
export async function openMail(page: Page, person: string, subject: string): Promise<void> {
  await page.goto('/sandbox/mail/');
  await page.getByRole('navigation', { name: 'Whose mail' }).getByRole('link', { name: person }).click();
  await page.getByRole('link', { name: subject }).first().click();
  await page.getByRole('link', { name: 'Review and sign' }).click();
  await page.getByRole('article', { name: 'Document' }).waitFor();
}

export async function sign(page: Page): Promise<void> {
  const form = page.getByRole('form', { name: 'Sign' });
  await form.getByRole('checkbox', { name: 'I agree to sign electronically' }).check();
  await form.getByRole('button', { name: 'Sign the document' }).click();
}

export async function decline(page: Page, reason: string): Promise<void> {
  const form = page.getByRole('form', { name: 'Decline' });
  await form.getByRole('textbox').fill(reason);
  await form.getByRole('button', { name: 'Decline to sign' }).click();
}

/** How far a page is wider than its window, in pixels. */
export const overflowOf = (page: Page): Promise<number> => page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
