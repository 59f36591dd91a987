import axe from 'axe-core';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '#lib/clock';
import { LEAST_MS } from '#flow/capture/post';
import { askToInstall, connectProvider, grantInstall, overflowOf, sign, signIn } from './person.ts';
import { openSite, type Site } from './sites.ts';
import { openStage, PATIENCE_MS, PHONE, type Stage } from './stage.ts';

const RULES = { runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] } };
const DEAL = 'crm: { deal: { pipeline: Sales pipeline, stage: Qualified, name: "Inquiry of {company}" } }';

let stage: Stage;
let friend: Site;
let form: string;
beforeAll(async () => {
  stage = await openStage();
  friend = await openSite();
  const page = await stage.open();
  await signIn(stage, page);
  await askToInstall(page);
  await grantInstall(page);
  await connectProvider(page);
  const tenant = (await stage.world.db.selectFrom('tenants').select('id').executeTakeFirstOrThrow()).id;
  form = `/c/${tenant}/newsletter`;
  const { text } = await stage.world.db.selectFrom('capture_pages').select('text').executeTakeFirstOrThrow();
  const signing = text.replace('crm: {}', DEAL).replace('then: thanks', 'then: { sign: { rule: nda } }').replace('origins: []', `origins: ['${friend.origin}']`);
  expect(await stage.world.desk.capture.save(tenant, signing, 'sign', 'test')).toMatchObject({ saved: true });
});
afterAll(async () => {
  await friend.close();
  await stage.close();
});

/** Fills the form in, no faster than a person does. */
async function fillIn(at: Pick<Page, 'getByLabel' | 'getByRole'>, email: string): Promise<void> {
  await at.getByLabel('Name', { exact: true }).fill('Vera Kowalski');
  await at.getByLabel('E-mail address').fill(email);
  await at.getByLabel(/^Privacy notice/).check();
  await systemClock.sleep(LEAST_MS + 200);
  await at.getByRole('button', { name: 'Subscribe' }).click();
}
const button = (at: Pick<Page, 'getByRole'>): Locator => at.getByRole('link', { name: 'Read and sign now' });

describe('from the form to the signature in a browser', () => {
  test('without scripts, on a phone', async () => {
    const context = await (await stage.open()).context().browser()?.newContext({ javaScriptEnabled: false, baseURL: stage.address, locale: 'en-GB', viewport: PHONE });
    const page = await context?.newPage();
    if (!page) throw new Error('No browser.');
    await page.goto(form);
    await fillIn(page, 'plain.signer@example.com');
    await button(page).click({ timeout: PATIENCE_MS });
    await page.getByRole('heading', { name: 'Your decision' }).waitFor();
    await page.getByRole('button', { name: 'Finish later' }).click();
    await page.getByText('The document is not signed yet.').waitFor();
    await button(page).click();
    await sign(page);
    await page.getByText('You have signed the document.').waitFor({ timeout: PATIENCE_MS });
    await context?.close();
  });

  test('out of a frame in somebody’s site, with nothing that keeps people out', async () => {
    friend.body = `<iframe src="${stage.address}${form}" title="Newsletter" width="600" height="900"></iframe>`;
    const page = await stage.open();
    await page.goto(`${friend.origin}/landing`);
    const frame = page.frameLocator('iframe');
    await fillIn({ getByLabel: frame.getByLabel.bind(frame), getByRole: frame.getByRole.bind(frame) }, 'framed.signer@example.com');
    await button({ getByRole: frame.getByRole.bind(frame) }).click({ timeout: PATIENCE_MS });
    await page.getByRole('heading', { name: 'Your decision' }).waitFor();
    await page.getByRole('button', { name: 'Finish later' }).click();
    await button(page).waitFor();
    await page.evaluate(axe.source);
    const found: string = await page.evaluate(`axe.run(document, ${JSON.stringify(RULES)}).then(({ violations }) => JSON.stringify(violations.map(({ id }) => id)))`);
    expect(JSON.parse(found)).toEqual([]);
    expect(await overflowOf(page)).toBeLessThanOrEqual(0);
    await button(page).focus();
    await page.keyboard.press('Enter');
    await sign(page);
    await page.getByText('You have signed the document.').waitFor({ timeout: PATIENCE_MS });
    expect(stage.faults).toEqual([]);
  });
});
