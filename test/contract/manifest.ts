import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { manifestSchema } from '#ports/manifest';
import { projectRoot } from '#lib/root';
import type { TriedVendor } from './tried.ts';

const MINUTE_MS = 60_000;

/** What a connector says of itself is what it is. */
export function manifestContract({ connector, samples }: TriedVendor): void {
  const { manifest } = connector;
  const folder = join(projectRoot, 'connectors', manifest.id);

  describe('manifest', () => {
    test('is of the written form', () => expect(manifestSchema.safeParse(manifest).success).toBe(true));
    test('names exactly the slots that are filled', () => {
      const filled = (['inbound', 'crm', 'sign', 'journey', 'consents'] as const).filter((slot) => connector[slot] !== undefined);
      expect([...manifest.capabilities].sort()).toEqual([...filled].sort());
      expect(manifest.webhook !== undefined).toBe(connector.inbound !== undefined);
    });
    test('has limits that a vendor can live with', () => {
      const { requests, windowMs, concurrent, batch, timeoutMs, pollMs } = manifest.limits;
      expect(concurrent).toBeLessThanOrEqual(20);
      expect(requests).toBeGreaterThanOrEqual(concurrent);
      expect(batch).toBeLessThanOrEqual(1000);
      expect(windowMs).toBeLessThanOrEqual(24 * 60 * MINUTE_MS);
      expect(timeoutMs).toBeGreaterThanOrEqual(1000);
      expect(timeoutMs).toBeLessThanOrEqual(MINUTE_MS);
      expect(pollMs).toBeGreaterThanOrEqual(MINUTE_MS);
    });
    test('allows no host of everybody', () => {
      for (const host of manifest.hosts) expect(host.replace('*.', '').split('.').length).toBeGreaterThanOrEqual(2);
      expect(manifest.hosts.filter((host) => /^(\*\.)?(com|net|org|io|co\.uk)$/.test(host))).toEqual([]);
    });
    test('answers a webhook well', () => expect(manifest.webhook?.answer.status ?? 200).toBeLessThan(300));
    test('names where its facts come from', () => expect(manifest.evidence.length).toBeGreaterThan(0));
    test('has a page', () => {
      for (const path of ['README.md', 'sandbox.ts']) expect(existsSync(join(folder, path)), path).toBe(true);
    });
    if (samples)
      test('has samples that say where they come from', () => {
        expect(existsSync(join(folder, 'samples/README.md'))).toBe(true);
        expect(readdirSync(join(folder, 'samples')).filter((file) => /\.(json|xml)$/.test(file)).length).toBeGreaterThan(0);
      });
  });
}
