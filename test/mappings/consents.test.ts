import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hashWording } from '#core/consent-text';
import { checkMapping } from '#core/mapping/check';
import { planSend } from '#core/mapping/send';
import type { ShownText } from '#core/pinned-consent';
import type { Snapshot, Template } from '#core/records';
import { projectFile } from '#lib/root';
import { askingFor, CONSENT_TEXTS, promoting } from '#src/cli/tour-consent-mappings';
import { schema as salesforceSchema } from '../core/mapping/ground-salesforce.ts';
import { schema as hubspotSchema, templates } from '../core/mapping/ground.ts';
import { parsed } from '../core/mapping/reading.ts';

/** A rule with consents in front of each CRM's shipped mapping, on the deal of its order form. `UPDATE=1` writes the outcomes anew: read the difference before keeping it. */
const folder = import.meta.dirname;
const crms = [
  ['hubspot', hubspotSchema, 'order-form'],
  ['salesforce', salesforceSchema, 'salesforce-order-form'],
] as const;

const fields = (role: string, ...labels: string[]) => labels.map((label) => ({ role, label }));
const asking: Template = {
  id: 'tpl-consent',
  name: 'Order form with consent',
  roles: [
    { name: 'Customer', order: 1 },
    { name: 'Countersigner', order: 2 },
  ],
  fields: [
    ...fields('Customer', 'DealName', 'Company', 'ContactName', 'TermsWording', 'TermsHash', 'NewsletterWording', 'NewsletterHash'),
    ...fields('Countersigner', 'OwnerName'),
  ],
  checkboxes: fields('Customer', 'Terms', 'Newsletter'),
};
const all = [...templates, asking];
const texts = CONSENT_TEXTS.map((text, index): ShownText => ({ ...text, id: `ctx_${index}`, version: 3, hash: hashWording(text.wording) }));
const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

describe('a mapping that asks for consent', () => {
  it.each(crms)('fits %s, and pins what it sends', (crm, schema, deal) => {
    const send = parsed('send', askingFor(projectFile(`mappings/${crm}/send.yaml`), crm));
    const journey = parsed('journey', promoting(projectFile(`mappings/${crm}/journey.yaml`)));
    expect(checkMapping({ send, journey }, { schema, templates: all, texts: texts.map(({ name }) => name) }).filter(({ level }) => level === 'error')).toEqual([]);
    const outcome: unknown = JSON.parse(
      JSON.stringify(planSend(send, { snapshot: read(join(folder, deal, 'snapshot.json')) as Snapshot, schema, templates: all, trigger: { kind: 'stage' }, texts })),
    );
    const golden = join(folder, `consents-${crm}.json`);
    if (process.env.UPDATE === '1') writeFileSync(golden, `${JSON.stringify(outcome, null, 2)}\n`);
    expect(outcome).toEqual(read(golden));
  });
});
