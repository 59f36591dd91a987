import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import { createLog } from '#lib/log';
import { loadConfig } from '#src/config';
import type { SandboxWorld } from '#src/sandbox-world';
import { createWorld, type World } from '#src/world';

/** Debian's and Ubuntu's place; another one goes into CHROMIUM. */
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
/** How long a page may take to say something, milliseconds: ample for a slow machine, and never waited out where all is well. */
export const PATIENCE_MS = 25_000;

/** Background writes wait less for each other than they do in earnest: a person at a screen is watching. */
const COALESCE_MS = 100;

export const DESKTOP = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };

export interface Look {
  viewport?: { width: number; height: number };
  colorScheme?: 'light' | 'dark';
}

/** A world of its own in a folder of its own, with a browser in front of it. */
export interface Stage {
  world: World;
  sandbox: SandboxWorld;
  address: string;
  /** A person's own browser: no cookie of anybody else. What goes wrong in it is put down in `faults`. */
  open(look?: Look): Promise<Page>;
  /** Errors that pages showed in their console, broken rules of the content policy, requests that failed and answers that were errors. */
  faults: string[];
  close(): Promise<void>;
}

/** `at`: a folder that outlives the stage, and the port of the one before. */
export async function openStage(at: { folder: string; port?: number } | null = null): Promise<Stage> {
  const folder = at?.folder ?? mkdtempSync(join(tmpdir(), 'countersign-browser-'));
  const config = loadConfig({}, { mode: 'sandbox', port: at?.port ?? 0, coalesceMs: COALESCE_MS, database: join(folder, 'browser.db'), logLevel: 'silent' });
  const world = await createWorld(config, { seed: 7, log: createLog('silent') });
  const address = await world.start();
  const { sandbox } = world;
  if (!sandbox) throw new Error('The stage needs the sandbox world.');
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'] });
  const faults: string[] = [];
  return {
    world,
    sandbox,
    address,
    faults,
    async open({ viewport = DESKTOP, colorScheme = 'light' } = {}) {
      const phone: BrowserContextOptions = viewport.width < 600 ? { hasTouch: true, isMobile: true } : {};
      const context = await browser.newContext({ viewport, colorScheme, baseURL: address, locale: 'en-GB', timezoneId: 'UTC', reducedMotion: 'reduce', ...phone });
      context.setDefaultTimeout(PATIENCE_MS);
      watch(context, faults);
      return context.newPage();
    },
    async close() {
      await browser.close();
      await world.stop();
      if (!at) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function watch(context: BrowserContext, faults: string[]): void {
  // The policy's own reports also reach the console, as errors.
  context.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(`console at ${message.page()?.url() ?? '?'}: ${message.text()}`);
  });
  context.on('weberror', (error) => faults.push(`script: ${error.error().message}`));
  context.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${response.status()} ${response.request().method()} ${response.url()}`);
  });
  context.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? '';
    // Leaving a page ends what it had asked for: a refresh under way, for one.
    if (why !== 'net::ERR_ABORTED') faults.push(`${why} ${request.url()}`);
  });
}
