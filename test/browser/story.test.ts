import { join } from 'node:path';
import type { Page, Response } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { projectRoot } from '#lib/root';
import { askToInstall, connectProvider, dealSays, decline, dragDeal, firstSteps, grantInstall, openDeal, openMail, overflowOf, sign } from './person.ts';
import { openStage, PATIENCE_MS, PHONE, type Stage } from './stage.ts';

const FIRST = 'Harbour Coffee: subscription';
const BY_BUTTON = 'Olive & Thyme: franchise papers';
const DECLINED = 'Nordlys Studio: pilot';
const EXPIRED = 'Kestrel Logistics: fleet contracts';
const BLOCKED = 'Paper Lantern: renewal';

/** Not in the repository; CI keeps them. */
const PICTURES = join(projectRoot, 'screenshots', 'story');

let stage: Stage;
let step = 0;
let page: Page;
let phone: Page;
beforeAll(async () => {
  stage = await openStage();
  page = await stage.open();
  phone = await stage.open({ viewport: PHONE });
});
afterAll(() => stage.close());
// What a person would see at the end of each step, on a desk and on a phone.
afterEach(async ({ task }) => {
  const number = String(++step).padStart(2, '0');
  for (const [size, one] of Object.entries({ desktop: page, phone }))
    await one.screenshot({
      path: join(
        PICTURES,
        `${number} ${task.name
          .replaceAll(/[^\p{L}\d]+/gu, ' ')
          .trim()
          .slice(0, 80)}, ${size}.png`,
      ),
    });
});
// No page on the way may break its content policy, fail to load anything or write an error.
afterEach(() => expect(stage.faults).toEqual([]));

/** Something that must be refused. The browser tells that as an error too, which is as it should be. */
async function refused(status: number, act: () => Promise<Response | null>): Promise<void> {
  expect((await act())?.status()).toBe(status);
  const others = stage.faults.filter((fault) => !fault.startsWith(`${status} `) && !fault.includes(`status of ${status}`));
  stage.faults.splice(0);
  expect(others).toEqual([]);
}

const goTo = (name: string) => page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name, exact: false }).click();
const heading = (name: string | RegExp) => page.getByRole('heading', { name, level: 1 }).waitFor();

/** The whole story in a browser, in the order in which a newcomer lives it: each test goes on where the one before it ended. */
describe('the story', () => {
  test('a one-time link signs in, once', async () => {
    const link = await stage.world.link();
    await page.goto(link);
    await page.getByRole('button', { name: 'Open the console' }).click();
    await heading('Install in a CRM');
    const late = await stage.open();
    await refused(410, () => late.goto(link));
    await late.getByRole('heading', { name: 'This link no longer works' }).waitFor();
    await late.context().close();
  });

  test('the app is installed from the CRM’s marketplace page, with its scopes on the consent page', async () => {
    await askToInstall(page);
    await page.getByText('crm.objects.deals.write').waitFor();
    await grantInstall(page);
    expect(await page.title()).toBe('northwind-software.example.com · Countersign');
    await firstSteps(page).getByText('1 of 6 done').waitFor();
  });

  test('the provider is connected, and its templates and roles appear', async () => {
    await connectProvider(page);
    await goTo('Installs');
    const templates = page.getByRole('region', { name: 'Templates' });
    await templates.getByText('Order form signed by Customer, then Countersigner').waitFor();
    await templates.getByText('NDA signed by Customer').waitFor();
  });

  test('the shipped mapping fits the account, and a dry run says who signs what and what is written back', async () => {
    await goTo('Overview');
    await firstSteps(page).getByRole('link', { name: 'Look at the mapping' }).click();
    await heading('Mappings');
    expect(await page.getByText('No faults.').count()).toBe(3);
    await page.getByRole('link', { name: 'Try them on a deal' }).click();
    await page.getByRole('link', { name: FIRST }).click();
    await page.getByRole('heading', { name: 'Would send “Order form”' }).waitFor();
    for (const words of ['Mara Lindqvist', 'Sam Rivera', '14,400.00', '12 × Team plan, yearly', 'Countersign: signed']) await page.getByText(words).first().waitFor();
    // The writes of a completed envelope stand open.
    await page
      .getByRole('definition')
      .filter({ hasText: /^completed$/ })
      .first()
      .waitFor();
    expect(stage.sandbox.docusign.envelopes()).toEqual([]);
  });

  test('a card dragged to “Contract sent” sends the envelope, and the deal says so by itself', async () => {
    await dragDeal(page, FIRST, 'Contract sent');
    await page.getByRole('article').filter({ hasText: FIRST }).getByText('Sent', { exact: true }).waitFor();
    await page.getByRole('link', { name: FIRST }).click();
    await dealSays(page, 'Sent');
    await page.getByRole('region', { name: 'Send for signature' }).getByText('Waiting for Customer').waitFor();
  });

  test('the customer signs on a phone, then the countersigner at a desk', async () => {
    await openMail(phone, 'Mara Lindqvist', FIRST);
    expect(await overflowOf(phone)).toBe(0);
    await sign(phone);
    await phone.getByText('Thank you, you have signed').waitFor();
    await openMail(page, 'Sam Rivera', FIRST);
    await sign(page);
    await page.getByText('Everyone has signed').waitFor();
  });

  test('deal, contact and list know, and one timeline explains every step under one correlation id', async () => {
    await openDeal(page, FIRST);
    await dealSays(page, 'Completed');
    await page.getByRole('link', { name: 'Mara Lindqvist' }).click();
    await heading('Mara Lindqvist');
    await page.getByRole('region', { name: 'Signature' }).getByText('Signed').first().waitFor();
    await page.getByRole('region', { name: 'Lists' }).getByRole('link', { name: 'Countersign: signed' }).waitFor();

    await openDeal(page, FIRST);
    await page.getByRole('link', { name: 'Open in Countersign' }).click();
    const timeline = page.getByRole('region', { name: 'Timeline' });
    const told = [
      'A person moved the deal to “Contract sent” in HubSpot',
      'HubSpot says that the deal stands at “Contract sent”',
      'Make the envelope at DocuSign and send it',
      'DocuSign made and sent the envelope',
      'DocuSign says that a recipient opened it',
      'DocuSign says that everyone has signed',
      'Add contact',
      'HubSpot added the contact to the list',
    ];
    await timeline.getByRole('heading', { name: 'HubSpot added the contact to the list' }).waitFor();
    const titles = await timeline.getByRole('heading', { level: 3 }).allInnerTexts();
    const places = told.map((title) => titles.findIndex((text) => text.startsWith(title)));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    // Writes that went out together are one line, never the same line again and again.
    expect(titles.filter((title, index) => title === titles[index - 1])).toEqual([]);
    const correlations = await timeline.locator('dd code').filter({ hasText: /^cor_/ }).allTextContents();
    expect(new Set(correlations).size).toBe(1);
  });

  test('Send for signature: template and recipients chosen, previewed, sent once', async () => {
    await openDeal(page, BY_BUTTON);
    await page.getByRole('link', { name: 'Send for signature' }).click();
    await page.getByRole('combobox', { name: 'Template' }).selectOption({ label: 'NDA' });
    await page.getByRole('button', { name: 'Use this template' }).click();
    const customer = page.getByRole('group', { name: 'Customer' });
    await customer.getByLabel('Name').fill('Camille Martin');
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByRole('status').getByText('Customer: Camille Martin').waitFor();
    expect(stage.sandbox.docusign.envelopes()).toHaveLength(1);
    await page.getByRole('button', { name: 'Send now' }).click();
    await page.getByText('Asked Countersign to send it').waitFor();
    await dealSays(page, 'Sent');
    expect(stage.sandbox.docusign.envelopes()).toHaveLength(2);
  });

  test('a decline reaches the deal with its reason, and its owner gets a task', async () => {
    await dragDeal(page, DECLINED, 'Contract sent');
    await openDeal(page, DECLINED);
    await dealSays(page, 'Sent');
    await openMail(phone, 'Sigrid Moen', DECLINED);
    await decline(phone, 'The term is too long.');
    await phone.getByText('You have declined to sign').waitFor();
    await dealSays(page, 'Declined');
    await dealSays(page, 'The term is too long.');
    await page.getByRole('region', { name: 'Tasks' }).getByText('Signature declined: Order form').waitFor();
  });

  test('an envelope that expires is sent once more', async () => {
    await dragDeal(page, EXPIRED, 'Contract sent');
    await openDeal(page, EXPIRED);
    await dealSays(page, 'Sent');
    await page.goto('/sandbox/docusign/');
    await page.getByRole('link', { name: EXPIRED }).click();
    await page.getByRole('button', { name: 'Let it expire now' }).click();
    await page.getByText('Envelope has expired').first().waitFor();
    await page.goto('/sandbox/docusign/');
    await expect.poll(() => page.getByRole('link', { name: EXPIRED }).count(), { timeout: PATIENCE_MS }).toBe(2);
  });

  test('a deal that cannot be sent says why, on the deal and in its story', async () => {
    await dragDeal(page, BLOCKED, 'Contract sent');
    await openDeal(page, BLOCKED);
    await dealSays(page, 'Blocked');
    await dealSays(page, 'Amelia Chen (Customer) has no e-mail address. Add one to the contact.');
    await page.goto('/');
    await goTo('Outbox');
    await page.getByRole('searchbox', { name: 'Search' }).fill(stage.sandbox.hubspot.dealNamed(BLOCKED).id);
    await page.getByRole('button', { name: 'Search' }).click();
    await page
      .getByRole('link', { name: /^Write/ })
      .first()
      .click();
    await page.getByRole('link', { name: /^cor_/ }).click();
    await heading(/story of deal/);
    await page.getByText('Nothing was sent').first().waitFor();
  });

  test('a dead letter is found, mended and replayed', async () => {
    const { deals } = stage.sandbox.hubspot.world().properties;
    const archived = deals['esign_viewed_at'];
    if (!archived) throw new Error('The property should be there.');
    delete deals['esign_viewed_at'];
    await openMail(phone, 'Camille Martin', 'NDA with');
    await page.goto('/');
    await page.getByRole('alert').getByRole('link', { name: 'Open the dead letters' }).click();
    await page
      .getByRole('link', { name: /^Write 1 field of deal/ })
      .first()
      .click();
    await page.getByText('does not take the property esign_viewed_at').first().waitFor();
    deals['esign_viewed_at'] = archived;
    await page.getByRole('button', { name: 'Write these values' }).click();
    await page.getByRole('status').getByText('It is back on the line').waitFor();
    await openDeal(page, BY_BUTTON);
    await page.getByRole('region', { name: 'Signature', exact: true }).getByText('First viewed').waitFor();
  });

  test('signing out ends the session', async () => {
    await page.goto('/');
    await heading('northwind-software.example.com');
    const inside = page.url();
    await page.getByRole('button', { name: /^Sign out/ }).click();
    await heading('Sign in');
    await refused(401, () => page.goto(inside));
    await heading('Sign in');
  });
});
