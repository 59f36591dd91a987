import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { MappingKind, Mappings } from '#core/mapping/schema';
import type { SendTrigger } from '#core/mapping/send';
import type { ConsentView } from '#core/mapping/consent-language';
import { planConsentWrites } from '#core/mapping/consent-writes';
import { planJourney } from '#core/mapping/journey';
import { planSend } from '#core/mapping/send';
import { planWrites } from '#core/mapping/writeback';
import type { EnvelopeView } from '#core/plan';
import type { Snapshot } from '#core/records';
import { projectFile } from '#lib/root';
import { schema as salesforceSchema } from '../core/mapping/ground-salesforce.ts';
import { schema as hubspotSchema, templates } from '../core/mapping/ground.ts';
import { parsed } from '../core/mapping/reading.ts';

/**
 * Each folder is one case of the shipped mappings: HubSpot's, or those of the CRM that its name begins with. `snapshot.json` (and `trigger.json`, a stage by
 * default) leads to `decision.json`; `view.json` leads to `writes.json` and `steps.json`; `consent.json` leads to `fields.json`. `UPDATE=1` writes the outcomes anew: read the difference before
 * keeping it.
 */
const folder = import.meta.dirname;
const cases = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));

const grounds = { hubspot: hubspotSchema, salesforce: salesforceSchema };
const crmOf = (name: string): keyof typeof grounds => (name.startsWith('salesforce-') ? 'salesforce' : 'hubspot');

const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
function holds(path: string, outcome: unknown): void {
  if (process.env.UPDATE === '1') writeFileSync(path, `${JSON.stringify(outcome, null, 2)}\n`);
  expect(JSON.parse(JSON.stringify(outcome))).toEqual(read(path));
}

describe('the shipped mappings', () => {
  it.each(cases)('%s', (name) => {
    const crm = crmOf(name);
    const schema = grounds[crm];
    const shipped = <Kind extends MappingKind>(kind: Kind): Mappings[Kind] => parsed(kind, projectFile(`mappings/${crm}/${kind}.yaml`));
    const file = (part: string): string => join(folder, name, `${part}.json`);
    if (existsSync(file('snapshot'))) {
      const trigger: SendTrigger = existsSync(file('trigger')) ? (read(file('trigger')) as SendTrigger) : { kind: 'stage' };
      return holds(file('decision'), planSend(shipped('send'), { snapshot: read(file('snapshot')) as Snapshot, schema, templates, trigger }));
    }
    if (existsSync(file('consent'))) return holds(file('fields'), planConsentWrites(shipped('writeback'), read(file('consent')) as ConsentView));
    const view = read(file('view')) as EnvelopeView;
    holds(file('writes'), planWrites(shipped('writeback'), view));
    if (view.status !== 'blocked') holds(file('steps'), planJourney(shipped('journey'), view, view.status).steps);
  });
});
