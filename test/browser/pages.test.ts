import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { pressOn, tabTo } from './keyboard.ts';
import { askToInstall, connectProvider, dealSays, grantInstall, openDeal, openMail, overflowOf, signIn } from './person.ts';
import { DESKTOP, openStage, PATIENCE_MS, PHONE, type Stage } from './stage.ts';

const OUT = 'Harbour Coffee: subscription';
const BY_KEYS = 'Olive & Thyme: franchise papers';

let stage: Stage;
let page: Page;
let tenant: string;
beforeAll(async () => {
  stage = await openStage();
  page = await stage.open();
  await signIn(stage, page);
  await askToInstall(page);
  await grantInstall(page);
  await connectProvider(page);
  tenant = new URL(page.url()).pathname;
  const { hubspot } = stage.sandbox;
  hubspot.moveDeal(hubspot.dealNamed(OUT).id, 'contractsent');
  await openDeal(page, OUT);
  await dealSays(page, 'Sent');
});
afterAll(() => stage.close());
afterEach(() => expect(stage.faults).toEqual([]));

/** What a page has, for those who don't see it. */
const STRUCTURE = `({
  lang: document.documentElement.lang,
  quirks: document.compatMode !== 'CSS1Compat',
  mains: document.querySelectorAll('main').length,
  headings: document.querySelectorAll('h1').length,
  banners: document.querySelectorAll('body > header').length,
  unnamed: [...document.querySelectorAll('input:not([type=hidden]), select, textarea')].filter((field) => !field.labels?.length && !field.ariaLabel).map((field) => field.name),
  twice: [...document.querySelectorAll('[id]')].map(({ id }) => id).filter((id, place, all) => all.indexOf(id) !== place),
  blind: [...document.querySelectorAll('img:not([alt])')].length,
  empty: [...document.querySelectorAll('a, button')].filter((one) => !one.hidden && !one.textContent.trim() && !one.ariaLabel).length,
})`;
/** Words that a narrow column breaks in two. What is long, or no word, may be broken. */
const BROKEN = `(() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.parentElement.checkVisibility() || node.parentElement.closest('code, pre, textarea, option, thead, .sr')) continue;
    for (const { 0: word, index } of node.data.matchAll(/(?<![^\\s])\\p{L}{2,14}(?![^\\s])/gu)) {
      const range = document.createRange();
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      if (new Set([...range.getClientRects()].map(({ top }) => top)).size > 1) found.push(word);
    }
  }
  return found;
})()`;
const SOUND = { lang: 'en', quirks: false, mains: 1, headings: 1, banners: 1, unnamed: [], twice: [], blind: 0, empty: 0 };

async function addresses(): Promise<string[]> {
  const { hubspot, docusign, mailbox } = stage.sandbox;
  const deal = hubspot.dealNamed(OUT);
  const [contact] = hubspot.contactsOf(deal.id);
  const [envelope] = docusign.envelopes();
  const [mail] = mailbox.list();
  const effect = await stage.world.db.selectFrom('outbox').select('id').where('kind', '=', 'record.write').executeTakeFirstOrThrow();
  const notice = await stage.world.db.selectFrom('inbox').select('id').executeTakeFirstOrThrow();
  const text = await stage.world.db.selectFrom('consent_texts').select('id').executeTakeFirstOrThrow();
  const story = await stage.world.db.selectFrom('envelopes').select('correlation').executeTakeFirstOrThrow();
  const install = await stage.world.db.selectFrom('installs').select('id').executeTakeFirstOrThrow();
  const inside = ['', '/envelopes', `/envelopes/${deal.properties['esign_envelope_id'] ?? ''}`, '/inbox', `/inbox/${notice.id}`, '/outbox', `/outbox/${effect.id}`];
  const more = [
    '/mappings',
    '/mappings/send',
    '/mappings/send/versions/1',
    '/mappings/dry-run',
    `/mappings/dry-run?deal=${deal.id}`,
    '/installs',
    `/installs/${install.id}/disconnect`,
    '/ledger',
    '/faulty',
    '/held',
    '/reports',
    '/webhooks',
    '/consents',
    '/consents/texts',
    `/consents/texts/${text.id}`,
    '/capture',
    '/capture/new',
    '/capture/newsletter',
    `/stories/${story.correlation}`,
  ];
  const crm = ['', '/', '/deals', `/deals/${deal.id}`, `/deals/${deal.id}/sign`, `/contacts/${contact?.id ?? ''}`, '/lists', '/faults'];
  const provider = ['', '/', `/envelopes/${envelope?.envelopeId ?? ''}`, '/faults', `/sign/${envelope?.recipients[0]?.token ?? ''}`];
  return [
    '/?all=1',
    ...[...inside, ...more].map((path) => tenant + path),
    ...crm.map((path) => `/sandbox/hubspot${path}`),
    ...provider.map((path) => `/sandbox/docusign${path}`),
    ...['', '/', `/mails/${mail?.id ?? ''}`].map((path) => `/sandbox/mail${path}`),
  ];
}

describe('every page', () => {
  test('has a title, landmarks, names for its fields, and fits a phone, in the light and in the dark', async () => {
    const phone = await page.context().newPage();
    await phone.setViewportSize(PHONE);
    const titles = new Map<string, string>();
    for (const path of await addresses()) {
      const answer = await phone.goto(path);
      expect([path, answer?.status()]).toEqual([path, 200]);
      expect([path, await phone.evaluate(STRUCTURE)]).toEqual([path, SOUND]);
      expect([path, await overflowOf(phone)]).toEqual([path, 0]);
      expect([path, await phone.evaluate(BROKEN)]).toEqual([path, []]);
      await phone.emulateMedia({ colorScheme: 'dark' });
      const dark = await phone.evaluate('getComputedStyle(document.body).backgroundColor');
      await phone.emulateMedia({ colorScheme: 'light' });
      expect([path, await phone.evaluate('getComputedStyle(document.body).backgroundColor')]).not.toEqual([path, dark]);
      titles.set(path, await phone.title());
    }
    await phone.close();
    expect([...titles].filter(([, title]) => !/^.+ · (Countersign|HubSpot sandbox|DocuSign sandbox|Mailbox sandbox)$/.test(title))).toEqual([]);
  });

  test('tells times in the reader’s own zone, and which one that is', async () => {
    await page.goto(`${tenant}/envelopes`);
    expect(await page.locator('time .abs').first().innerText()).toMatch(/\d\d:\d\d UTC$/);
  });

  test('keeps the whole navigation at hand on a laptop, down to the mailbox and the way out', async () => {
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto(tenant);
    expect(await page.evaluate('(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight)(document.querySelector(".side"))')).toBe(0);
    await page.setViewportSize(DESKTOP);
  });

  test('so does what Send for signature would send, with addresses of any length', async () => {
    const phone = await page.context().newPage();
    await phone.setViewportSize(PHONE);
    await openDeal(phone, BY_KEYS);
    await phone.getByRole('link', { name: 'Send for signature' }).click();
    await phone
      .getByRole('group', { name: 'Customer' })
      .getByLabel('E-mail')
      .fill(`${'a'.repeat(60)}@example.com`);
    await phone.getByRole('button', { name: 'Preview' }).click();
    await phone.getByRole('status').getByText('Customer: Camille Durand').waitFor();
    expect(await overflowOf(phone)).toBe(0);
    expect(await phone.evaluate(BROKEN)).toEqual([]);
    await phone.close();
  });

  test('leads to pages that are there', async () => {
    await page.setViewportSize(DESKTOP);
    const seen = new Set<string>();
    for (const path of await addresses()) {
      await page.goto(path);
      expect([path, await page.evaluate(BROKEN)]).toEqual([path, []]);
      for (const href of await page.evaluate<string[]>('[...document.querySelectorAll("a[href]")].map((link) => link.href.split("#")[0])')) seen.add(href);
    }
    // An install begins anew by each look at it, and an export is no page. One of each kind is enough.
    const own = [...seen].filter((href) => href.startsWith(stage.address) && !/\/install\/|format=/.test(href));
    const links = [...new Map(own.map((href) => [href.replace(/[a-z]{3}_\w+|\d{4,}|=[^&]*/g, '*'), href])).values()];
    const answers: [string, number][] = [];
    for (const href of links) answers.push([href, (await page.request.get(href)).status()]);
    expect(answers.filter(([, status]) => status !== 200)).toEqual([]);
    expect(links.length).toBeGreaterThan(20);
  });
});

describe('with the keyboard alone', () => {
  test('the skip link leads past the navigation', async () => {
    await page.goto(tenant);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement?.id')).toBe('main');
  });

  test('a deal is moved, its document is signed, and its envelope is found', async () => {
    await page.goto('/sandbox/hubspot/deals');
    const card = page.getByRole('article').filter({ hasText: BY_KEYS });
    await pressOn(page, card.locator('summary'));
    await tabTo(page, card.getByRole('combobox'));
    await page.keyboard.type('Contract');
    await pressOn(page, card.getByRole('button', { name: 'Move' }));
    await page.getByRole('status').filter({ hasText: 'is now in Contract sent' }).waitFor();
    await openDeal(page, BY_KEYS);
    await dealSays(page, 'Sent');

    await openMail(page, 'Camille Durand', BY_KEYS);
    const form = page.getByRole('form', { name: 'Sign' });
    await tabTo(page, form.getByRole('checkbox'));
    await page.keyboard.press('Space');
    await pressOn(page, form.getByRole('button'));
    await page.getByText('Thank you, you have signed').waitFor();

    await page.goto(tenant);
    await pressOn(page, page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Envelopes' }));
    await pressOn(page, page.getByRole('link', { name: BY_KEYS }));
    await page.getByRole('heading', { name: BY_KEYS, level: 1 }).waitFor();
  });

  test('an envelope is voided, with a reason and after a second look', async () => {
    await page.goto(`${tenant}/envelopes?q=Harbour`);
    await pressOn(page, page.getByRole('link', { name: OUT }));
    await pressOn(page, page.locator('summary').filter({ hasText: 'Void this envelope' }));
    await tabTo(page, page.getByRole('textbox', { name: /^Reason/ }));
    await page.keyboard.type('The price has changed.');
    await page.keyboard.press('Enter');
    await page.getByRole('list', { name: 'Status' }).getByText('Voided').waitFor({ timeout: PATIENCE_MS });
    await openDeal(page, OUT);
    await dealSays(page, 'The price has changed.');
  });
});
