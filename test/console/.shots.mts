import { serve } from '/work/main/node_modules/@hono/node-server/dist/index.mjs';
import { chromium } from '/work/main/node_modules/playwright-core/index.mjs';
import { openWorld, seed } from '/work/main/test/console/world.ts';
import { createConsole } from '/work/main/src/http/console.ts';
import { systemClock } from '/work/main/src/lib/clock.ts';
import { issueLink } from '/work/main/src/store/sessions.ts';
import { mkdirSync } from 'node:fs';

mkdirSync('/tmp/shots', { recursive: true });
let url = 'http://127.0.0.1';
const world = await openWorld({ clock: systemClock, publicUrl: () => url });
const server = serve({ fetch: createConsole(world.options).fetch, port: 0, hostname: '127.0.0.1' });
await new Promise((r) => server.once('listening', r));
url = `http://127.0.0.1:${(server.address() as any).port}`;
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'] });
const only = process.argv[2];
const begin = await issueLink(world.db, { tenant: null, ttlMs: 600000, now: Date.now() });
const errors: string[] = [];
const ctx0 = await browser.newContext({ viewport: { width: 1280, height: 900 } });
const p0 = await ctx0.newPage();
p0.on('console', (m) => m.type() === 'error' && errors.push(m.text() + ' ' + p0.url()));
if (!only) {
  await p0.goto(url + '/'); await p0.screenshot({ path: '/tmp/shots/signin-desk-light.png' });
  await p0.goto(`${url}/enter/${begin}`); await p0.screenshot({ path: '/tmp/shots/enter-desk-light.png' });
  await p0.getByRole('button', { name: 'Open the console' }).click();
  await p0.screenshot({ path: '/tmp/shots/begin-desk-light.png' });
  await p0.goto(`${url}/enter/${begin}`); await p0.screenshot({ path: '/tmp/shots/expired-desk-light.png' });
}
const s = await seed(world, 'Juniper');
const t = `/t/${s.tenant}`;
const pages: Record<string, string> = {
  overview: t, installs: `${t}/installs`, disconnect: `${t}/installs/${s.crm}/disconnect`, envelopes: `${t}/envelopes`, envelope: `${t}/envelopes/${s.ids.envelope}`,
  declined: `${t}/envelopes/${s.envelopes[1]}`, story: `${t}/stories/${s.blocked}`, inbox: `${t}/inbox`, notice: `${t}/inbox/${s.ids.notice}`, faulty: `${t}/faulty`, outbox: `${t}/outbox`,
  effect: `${t}/outbox/${s.ids.effect}`, mappings: `${t}/mappings`, editor: `${t}/mappings/send`, diff: `${t}/mappings/send/diff?from=1&to=2`, deals: `${t}/mappings/dry-run`,
  dryrun: `${t}/mappings/dry-run?deal=9000000042`, ledger: `${t}/ledger`, notfound: `${t}/nope`, empty: `${t}/envelopes?q=zzz`,
};
const token = await issueLink(world.db, { tenant: null, ttlMs: 600000, now: Date.now() });
const c1 = await browser.newContext(); const p1 = await c1.newPage();
await p1.goto(`${url}/enter/${token}`); await p1.getByRole('button').click();
const state = await c1.storageState();
for (const scheme of ['light', 'dark'] as const) for (const [form, w, h] of [['desk', 1280, 900], ['phone', 390, 844]] as const) {
  const ctx = await browser.newContext({ viewport: { width: w, height: h }, colorScheme: scheme, storageState: state });
  const page = await ctx.newPage();
  page.on('console', (m) => m.type() === 'error' && errors.push(m.text() + ' ' + page.url()));
  page.on('pageerror', (e) => errors.push(String(e)));
  for (const [name, path] of Object.entries(pages)) {
    if (only && !only.split(',').includes(name)) continue;
    await page.goto(url + path);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (wide > 0) errors.push(`${name} ${form} scrolls sideways by ${wide}`);
    await page.screenshot({ path: `/tmp/shots/${name}-${form}-${scheme}.png`, fullPage: true });
  }
  await ctx.close();
}
if (!only || only.includes('live')) {
  const ctx = await browser.newContext({ viewport: { width: 1280, height: 900 }, storageState: state });
  const page = await ctx.newPage();
  page.on('console', (m) => m.type() === 'error' && errors.push(m.text()));
  await page.goto(url + pages.envelope);
  const d = page.locator('.timeline details').nth(2);
  await d.locator('summary').click();
  const id = await d.getAttribute('id');
  await world.db.updateTable('envelopes').set({ status: 'completed', completed_at: Date.now(), closed_at: Date.now() }).where('id', '=', s.ids.envelope as any).execute();
  await page.waitForSelector('.title .badge.good', { timeout: 8000 });
  console.log('still open:', await page.locator(`#${id}`).getAttribute('open'), 'focus:', await page.evaluate(() => document.activeElement?.tagName + ' ' + document.activeElement?.parentElement?.id), 'polling:', await page.locator('#live').getAttribute('hx-get'));
  await page.emulateMedia({ media: 'print' });
  await page.screenshot({ path: '/tmp/shots/print.png', fullPage: true });
}
console.log(errors.length ? errors : 'no console errors');
await browser.close(); server.close(); await world.close();
