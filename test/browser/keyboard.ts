import type { Locator, Page } from 'playwright-core';

/** More stops than any page has before what is looked for. */
const MOST_STOPS = 120;

/** Goes to an element by the Tab key alone. @throws Error where Tab does not reach it */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.first().waitFor();
  for (let stop = 0; stop < MOST_STOPS; stop++) {
    await page.keyboard.press('Tab');
    if (await target.first().evaluate((element: { matches(selector: string): boolean }) => element.matches(':focus'))) return;
  }
  throw new Error(`Tab does not reach ${String(target)}.`);
}

export async function pressOn(page: Page, target: Locator): Promise<void> {
  await tabTo(page, target);
  await page.keyboard.press('Enter');
}
