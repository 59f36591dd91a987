import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '#lib/clock';
import type { TenantId } from '#core/ids';
import { findPersonByEmail } from '#store/people';
import { LEAST_MS } from '#flow/capture/post';
import { tabTo } from './keyboard.ts';
import { askToInstall, grantInstall, signIn } from './person.ts';
import { openSite, type Site } from './sites.ts';
import { DESKTOP, openStage, PHONE, type Look, type Stage } from './stage.ts';

const RULES = { runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] } };

let stage: Stage;
let friend: Site;
let stranger: Site;
let tenant: TenantId;
let form: string;
beforeAll(async () => {
  stage = await openStage();
  [friend, stranger] = await Promise.all([openSite(), openSite()]);
  const page = await stage.open();
  await signIn(stage, page);
  await askToInstall(page);
  await grantInstall(page);
  tenant = (await stage.world.db.selectFrom('tenants').select('id').executeTakeFirstOrThrow()).id;
  form = `/c/${tenant}/newsletter`;
  const { text } = await stage.world.db.selectFrom('capture_pages').select('text').executeTakeFirstOrThrow();
  const saved = await stage.world.desk.capture.save(tenant, text.replace('origins: []', `origins: ['${friend.origin}']`), 'frames', 'test');
  expect(saved).toMatchObject({ saved: true, version: 2 });
});
afterAll(async () => {
  await Promise.all([friend.close(), stranger.close()]);
  await stage.close();
});

/** What axe finds wrong, each as its rule and where. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found: string = await page.evaluate(
    `axe.run(document, ${JSON.stringify(RULES)}).then(({ violations }) => JSON.stringify(violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' '))))`,
  );
  return JSON.parse(found) as string[];
}

/** Faster than this nobody is believed to be a person. Counted from now: when the server wrote the form, the page cannot know. */
const asLongAsAPersonTakes = (): Promise<void> => systemClock.sleep(LEAST_MS + 200);

async function consentsFrom(email: string) {
  const { sealer } = stage.world.flow;
  const person = await findPersonByEmail(stage.world.db, sealer, tenant, email);
  if (person === null) return { person: null, consents: [], touches: [] };
  const { db } = stage.world;
  const consents = await db.selectFrom('consents').selectAll().where('person', '=', person).orderBy('seq').execute();
  return { person, consents, touches: await db.selectFrom('touches').selectAll().where('person', '=', person).orderBy('seq').execute() };
}

describe('the form in a browser', () => {
  const looks: [string, Look][] = [
    ['light', { viewport: DESKTOP, colorScheme: 'light' }],
    ['dark', { viewport: DESKTOP, colorScheme: 'dark' }],
    ['on a phone, light', { viewport: PHONE, colorScheme: 'light' }],
    ['on a phone, dark', { viewport: PHONE, colorScheme: 'dark' }],
  ];
  test.each(looks)('has nothing that keeps people out: %s', async (_, look) => {
    const page = await stage.open(look);
    await page.goto(`${form}?lang=de`);
    expect(await violations(page)).toEqual([]);
    const overflow: number = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    expect(overflow).toBeLessThanOrEqual(0);
    await page.getByRole('button', { name: 'Anmelden' }).click();
    await page.getByRole('alert').waitFor();
    expect(await violations(page)).toEqual([]);
  });

  test('what keeps people out would be found', async () => {
    const page = await stage.open();
    await page.goto(form);
    await page.evaluate("document.querySelector('label[for=email]').remove(); document.querySelector('h1').style.color = '#999999'");
    expect((await violations(page)).map((one) => one.split(':')[0])).toEqual(expect.arrayContaining(['color-contrast', 'label']));
  });

  test('by keyboard alone: faults are heard first, lead to their fields, and the rest is kept', async () => {
    const page = await stage.open();
    await page.goto(form);
    await tabTo(page, page.getByLabel('E-mail address'));
    await page.keyboard.type('keys@example.com');
    await tabTo(page, page.getByRole('button', { name: 'Subscribe' }));
    await page.keyboard.press('Enter');
    const summary = page.getByRole('alert');
    await summary.waitFor();
    expect(await summary.evaluate((element: { matches(selector: string): boolean }) => element.matches(':focus'))).toBe(true);
    expect(await page.title()).toMatch(/^Error: /);
    await tabTo(page, summary.getByRole('link', { name: /fill in "Name"/ }));
    await page.keyboard.press('Enter');
    const name = page.getByRole('textbox', { name: 'Name', exact: true });
    expect(await name.evaluate((element: { matches(selector: string): boolean }) => element.matches(':focus'))).toBe(true);
    await page.keyboard.type('Kay Boards');
    expect(await page.getByLabel('E-mail address').inputValue()).toBe('keys@example.com');
    // The wording can be scrolled by keys too.
    await tabTo(page, page.getByRole('region', { name: /^Wording: Privacy notice/ }));
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Space');
    await asLongAsAPersonTakes();
    await tabTo(page, page.getByRole('button', { name: 'Subscribe' }));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await expect
      .poll(async () => (await consentsFrom('keys@example.com')).consents.map(({ text_name, status }) => [text_name, status]))
      .toEqual([
        ['privacy-notice', 'granted'],
        ['newsletter', 'declined'],
      ]);
  });

  test('without scripts it does the same', async () => {
    const context = await (await stage.open()).context().browser()?.newContext({ javaScriptEnabled: false, baseURL: stage.address, locale: 'en-GB' });
    const page = await context?.newPage();
    if (!page) throw new Error('No browser.');
    await page.goto(`${form}?utm_source=paper`);
    await page.getByLabel('E-mail address').fill('plain@example.com');
    await page.getByRole('button', { name: 'Subscribe' }).click();
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Name', { exact: true }).fill('Pla In');
    await page.getByLabel(/^Privacy notice/).check();
    await page.getByLabel(/of your own free choice/).check();
    await asLongAsAPersonTakes();
    await page.getByRole('button', { name: 'Subscribe' }).click();
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
    await context?.close();
    await expect.poll(async () => (await consentsFrom('plain@example.com')).consents.map(({ status }) => status)).toEqual(['granted', 'granted']);
    expect((await consentsFrom('plain@example.com')).touches.map(({ data }) => JSON.parse(data) as object)).toMatchObject([{ source: 'paper' }]);
  });
});

describe('in somebody’s site', () => {
  const framed = () => `<script src="${stage.address}/t.js"></script><iframe src="${stage.address}${form}" title="Newsletter" width="600" height="900"></iframe>`;

  test('it is shown where its owner said so, and learns there how the visitor came', async () => {
    friend.body = framed();
    const page = await stage.open();
    await page.goto(`${friend.origin}/landing?utm_source=partner&utm_campaign=%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E`);
    const frame = page.frameLocator('iframe');
    await frame.getByLabel('Name', { exact: true }).fill('Fra Med');
    await frame.getByLabel('E-mail address').fill('framed@example.com');
    await frame.getByLabel(/^Privacy notice/).check();
    await expect.poll(() => frame.locator('input[name=touches]').inputValue()).toContain('partner');
    await asLongAsAPersonTakes();
    await frame.getByRole('button', { name: 'Subscribe' }).click();
    await frame.getByRole('heading', { name: 'Thank you' }).waitFor();
    await expect
      .poll(async () => (await consentsFrom('framed@example.com')).touches.map(({ data }) => JSON.parse(data) as object))
      .toMatchObject([{ source: 'partner', campaign: '"><img src=x onerror=alert(1)>', landingPage: `${friend.origin}/landing` }]);
  });

  test('elsewhere it is not shown at all', async () => {
    stranger.body = framed();
    const page = await stage.open();
    await page.goto(stranger.origin);
    await expect.poll(() => stage.faults.join('\n')).toMatch(/frame-ancestors|ERR_BLOCKED_BY_RESPONSE/);
    expect(await page.frameLocator('iframe').getByLabel('E-mail address').count()).toBe(0);
  });

  test('the script keeps nothing in the browser before consent, first and last after it, and forgets when it is taken back', async () => {
    friend.body = `<script src="${stage.address}/t.js"></script><form action="/thanks"><input type="hidden" name="touches"><button>Go</button></form>`;
    const page = await stage.open();
    const kept = () => page.evaluate<string | null>('localStorage.getItem("countersign.touches")');
    await page.goto(`${friend.origin}/?utm_source=one`);
    expect(await kept()).toBeNull();
    expect(await page.evaluate('countersign.touches().map((touch) => touch.source)')).toEqual(['one']);
    await page.evaluate('countersign.consent(true)');
    for (const source of ['two', 'three']) {
      await page.goto(`${friend.origin}/?utm_source=${source}`);
      await page.evaluate('countersign.consent(true)');
    }
    expect(await page.evaluate('countersign.touches().map((touch) => touch.source)')).toEqual(['one', 'three']);
    await page.getByRole('button', { name: 'Go' }).click();
    await page.waitForURL(/thanks/);
    const sent = JSON.parse(new URL(page.url()).searchParams.get('touches') ?? '[]') as { source: string }[];
    expect(sent.map(({ source }) => source)).toEqual(['one', 'three']);
    await page.evaluate('countersign.consent(false)');
    expect(await kept()).toBeNull();
    const script = await (await fetch(`${stage.address}/t.js`)).text();
    expect(Buffer.byteLength(script)).toBeLessThan(3 * 1024);
  });
});
