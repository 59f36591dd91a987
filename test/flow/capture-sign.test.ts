import { afterEach, describe, expect, test } from 'vitest';
import { DEFAULTS, savePage, visitorOf } from '../http/capture-stage.ts';
import { openOrg } from './salesforce-world.ts';
import { openWorld, type TestWorld } from './world.ts';

let world: TestWorld;
afterEach(() => world.stop());

const DEAL = 'crm: { deal: { pipeline: Sales pipeline, stage: Qualified, name: "Inquiry of {company}" } }';

describe('a page that leads to a signature', () => {
  test('makes contact, deal and envelope, once, and says how far it is', async () => {
    world = await openWorld();
    const visitor = visitorOf(world);
    const rule = 'nda-on-request';
    const { text } = await world.db.selectFrom('mappings').select('text').where('kind', '=', 'send').where('active', '=', 1).executeTakeFirstOrThrow();
    const found = [...text.matchAll(/- id: ([a-z-]+)/g)].map(([, id]) => id ?? '');
    const chosen = found.find((id) => id.includes('nda')) ?? rule;
    await savePage(world, (page) => page.replace('crm: {}', DEAL).replace('then: thanks', `then: { sign: { rule: ${chosen} } }`));
    const done = await visitor.send({ ...DEFAULTS, 'c-newsletter': 'yes' });
    expect(done.status).toBe(303);
    const page = new URL(done.location ?? '', world.address);
    expect(await (await fetch(page)).text()).toMatch(/http-equiv="refresh"|The document is ready/);
    await world.settled();
    const envelopes = world.sandbox.docusign.envelopes();
    expect(envelopes).toHaveLength(1);
    expect(JSON.stringify(envelopes)).toContain(DEFAULTS.email);
    const after = await (await fetch(page)).text();
    expect(after).toContain('Read and sign now');
    expect(after).not.toContain('http-equiv="refresh"');
    expect(after).not.toMatch(/nora|bakker/i);
  });
});

describe('a page whose leads go to Salesforce', () => {
  test('makes one contact and one opportunity with its role, though replies are lost', async () => {
    const org = await openOrg();
    world = org;
    const stages = await world.db.selectFrom('grounds').select('data').where('kind', '=', 'schema').executeTakeFirstOrThrow();
    const [pipeline] = (JSON.parse(stages.data) as { pipelines: { label: string; stages: { label: string }[] }[] }).pipelines;
    await savePage(world, (page) =>
      page
        .replace('crm: {}', `crm: { deal: { pipeline: "${pipeline?.label ?? ''}", stage: "${pipeline?.stages[0]?.label ?? ''}", name: "Inquiry of {company}" } }`)
        .replace('writes: jobtitle', 'writes: Title'),
    );
    world.misbehave({ lostReply: 0.15 });
    await visitorOf(world).send({ ...DEFAULTS, 'f-job': 'Baker' });
    await world.settled();
    world.behave();
    const post = await world.db.selectFrom('capture_posts').selectAll().executeTakeFirstOrThrow();
    expect(post).toMatchObject({ contact: expect.stringMatching(/^003/) as string, deal: expect.stringMatching(/^006/) as string });
    const named = (type: string, field: string, value: string) => org.org.records(type).filter(({ id }) => org.org.field(type, id, field) === value);
    const [contact, ...contacts] = named('Contact', 'Email', DEFAULTS.email);
    const [deal, ...deals] = named('Opportunity', 'Name', 'Inquiry of Bakker & Zn');
    expect([contacts, deals]).toEqual([[], []]);
    expect([contact?.id, deal?.id]).toEqual([post.contact, post.deal]);
    expect(org.org.field('Contact', contact?.id ?? '', 'Title')).toBe('Baker');
    expect(org.org.contactsOf(deal?.id ?? '').map(({ id }) => id)).toEqual([contact?.id]);
  });
});
