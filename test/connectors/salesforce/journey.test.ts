import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Member } from '#ports/crm';
import { journey } from '#connectors/salesforce/journey';
import { failed, id, page, problemOf, refusal, sandboxOrg, scriptedOrg, specOf, type Asked, type Reply, type ScriptedOrg } from './org.ts';

const contact = (number: number) => id('003', number);
const members = (...ids: string[]): Member[] => ids.map((one) => ({ contact: one, email: null }));

/** Marketing's side of an org: campaigns whose names are not unique, statuses, members. */
function marketing(contacts = [1, 2, 3, 4].map(contact)) {
  const campaigns: { Id: string; Name: string }[] = [];
  const statuses = new Map<string, string[]>();
  const joined: { Id: string; CampaignId: string; ContactId: string; Status: string }[] = [];
  const counts = { campaigns: 0 };
  const add = (record: Record<string, string>) => {
    const { CampaignId = '', ContactId = '', Status = 'Sent' } = record;
    if (!campaigns.some(({ Id }) => Id === CampaignId)) return failed('INVALID_CROSS_REFERENCE_KEY', ['CampaignId'], 'invalid cross reference id');
    if (!contacts.includes(ContactId)) return failed('ENTITY_IS_DELETED', [], 'entity is deleted');
    if (joined.some((one) => one.CampaignId === CampaignId && one.ContactId === ContactId)) return failed('DUPLICATE_VALUE', [], 'Already a campaign member.');
    joined.push({ Id: id('00v', joined.length + 1), CampaignId, ContactId, Status });
    return { id: joined.at(-1)?.Id, success: true, errors: [] };
  };
  const answer = ({ method, path, body }: Asked): Reply | undefined => {
    const asked = body as { Name?: string; CampaignId?: string; Label?: string; records?: Record<string, string>[] } | undefined;
    const quoted = [...path.matchAll(/'((?:[^'\\]|\\.)*)'/g)].map(([, text = '']) => text.replace(/\\(.)/g, '$1'));
    if (path.includes(' FROM Campaign WHERE Name')) return page(campaigns.filter(({ Name }) => Name === quoted[0]).slice(0, 1));
    if (path.includes(' FROM CampaignMemberStatus ')) return page((statuses.get(quoted[0] ?? '') ?? []).map((Label, index) => ({ Label, SortOrder: index + 1 })));
    if (path.includes(' FROM CampaignMember ')) return page(joined.filter(({ CampaignId, ContactId }) => CampaignId === quoted[0] && quoted.includes(ContactId)));
    if (path.includes(' FROM Contact ')) return page(contacts.filter((one) => path.includes(one)).map((Id) => ({ Id })));
    if (method === 'POST' && path === '/sobjects/Campaign') {
      campaigns.push({ Id: id('701', ++counts.campaigns), Name: asked?.Name ?? '' });
      statuses.set(campaigns.at(-1)?.Id ?? '', ['Sent', 'Responded']);
      return { status: 201, body: { id: campaigns.at(-1)?.Id, success: true, errors: [] } };
    }
    if (method === 'DELETE' && path.startsWith('/sobjects/Campaign/')) {
      campaigns.splice(
        campaigns.findIndex(({ Id }) => path.endsWith(Id)),
        1,
      );
      return { status: 204 };
    }
    if (method === 'POST' && path === '/sobjects/CampaignMemberStatus') {
      statuses.get(asked?.CampaignId ?? '')?.push(asked?.Label ?? '');
      return { status: 201, body: { id: id('01Y', 1), success: true, errors: [] } };
    }
    if (method === 'POST' && path === '/composite/sobjects') return { body: asked?.records?.map(add) };
    if (method === 'PATCH' && path === '/composite/sobjects') {
      for (const { id: member, Status = '' } of asked?.records ?? []) Object.assign(joined.find(({ Id }) => Id === member) ?? {}, { Status });
      return { body: asked?.records?.map(({ id: member }) => ({ id: member, success: true, errors: [] })) };
    }
    return undefined;
  };
  return { campaigns, statuses, joined, answer };
}

let org: ScriptedOrg;
let world: ReturnType<typeof marketing>;
beforeEach(async () => {
  world = marketing();
  org = await scriptedOrg(world.answer);
});
afterEach(() => org.stop());
const join = async (list: string, people: Member[], status: string | null = null) => journey.join?.(org.call, list, people, status);

describe('joining a campaign', () => {
  test('makes it where it is absent, and members once', async () => {
    expect(await join('Signed', members(contact(1), contact(2)))).toEqual({ absent: [] });
    expect(await join('Signed', members(contact(2), contact(3)))).toEqual({ absent: [] });
    expect(world.joined.map(({ ContactId }) => ContactId)).toEqual([1, 2, 3].map(contact));
    expect(world.campaigns.map(({ Name }) => Name)).toEqual(['Signed']);
    expect(org.asked.find(({ path }) => path === '/sobjects/Campaign')?.body).toEqual({ Name: 'Signed', IsActive: true });
  });

  test('by id asks for none, and a name with a quote is that name', async () => {
    world.campaigns.push({ Id: id('701', 77), Name: 'Other' });
    await join(id('701', 77), members(contact(1)));
    expect(world.joined[0]?.CampaignId).toBe(id('701', 77));
    await join("It's \\ signed", members(contact(1)));
    expect(world.campaigns.map(({ Name }) => Name)).toEqual(['Other', "It's \\ signed"]);
  });

  test('costs one call once the campaign is known', async () => {
    await join('Signed', members(contact(1)));
    expect(await org.callsOf(async () => join('Signed', members(contact(2), contact(3))))).toBe(1);
  });

  test('nobody is nothing', async () => {
    expect(await org.callsOf(async () => expect(await join('Nobody', [])).toEqual({ absent: [] }))).toBe(0);
  });

  test('tells who does not exist, and the others join', async () => {
    expect(await join('Signed', members('999999999', contact(9), contact(1)))).toEqual({ absent: ['999999999', contact(9)] });
    expect(world.joined.map(({ ContactId }) => ContactId)).toEqual([contact(1)]);
  });

  test('of many sides at the same time is one campaign, and two processes agree on the older', async () => {
    await Promise.all([1, 2, 3, 4].map((number) => join('Together', members(contact(number)))));
    expect(world.campaigns).toHaveLength(1);
    expect(world.joined).toHaveLength(4);
    const other = await scriptedOrg((asked) => {
      const reply = world.answer(asked);
      // The other process made its campaign between our look and ours.
      if (asked.path === '/sobjects/Campaign' && asked.method === 'POST') world.campaigns.unshift({ Id: id('701', 55), Name: 'Race' });
      return reply;
    });
    await journey.join?.(other.call, 'Race', members(contact(1)), null);
    expect(world.campaigns.filter(({ Name }) => Name === 'Race')).toEqual([{ Id: id('701', 55), Name: 'Race' }]);
    expect(world.joined.at(-1)?.CampaignId).toBe(id('701', 55));
    await other.stop();
  });

  test('that was deleted since it was remembered is made again', async () => {
    await join('Signed', members(contact(1)));
    world.campaigns.length = 0;
    expect(await join('Signed', members(contact(2)))).toEqual({ absent: [] });
    expect(world.joined.at(-1)).toMatchObject({ ContactId: contact(2), CampaignId: world.campaigns[0]?.Id });
  });

  test('that the user may not make says so by its name', async () => {
    org.answers((asked) => (asked.path === '/sobjects/Campaign' ? refusal(403, 'INSUFFICIENT_ACCESS_OR_READONLY') : world.answer(asked)));
    const problem = await problemOf(join('Signed', members(contact(1))));
    expect([problem.code, problem.message]).toEqual(['vendor.rejected', expect.stringMatching(/Signed.*Marketing User/)]);
    org.answers(world.answer);
    expect(await join('Signed', members(contact(1)))).toEqual({ absent: [] });
  });

  test('for another reason refused is thrown, after the others joined', async () => {
    org.answers((asked) => {
      const reply = world.answer(asked);
      if (asked.path !== '/composite/sobjects' || !Array.isArray(reply?.body)) return reply;
      return {
        body: (asked.body as { records: { ContactId: string }[] }).records.map(({ ContactId }, index) =>
          ContactId === contact(1) ? failed('UNABLE_TO_LOCK_ROW') : (reply.body as unknown[])[index],
        ),
      };
    });
    expect((await problemOf(join('Signed', members(contact(1), contact(2))))).code).toBe('vendor.locked');
    expect(world.joined.map(({ ContactId }) => ContactId)).toContain(contact(2));
  });
});

describe('the status of a member', () => {
  test('is made for its campaign where it is absent, once', async () => {
    await join('Signed', members(contact(1)), 'Contract signed');
    await join('Signed', members(contact(2)), 'Contract signed');
    expect(org.asked.filter(({ path }) => path === '/sobjects/CampaignMemberStatus').map(({ body }) => body)).toEqual([
      { CampaignId: world.campaigns[0]?.Id, Label: 'Contract signed', SortOrder: 3, HasResponded: false },
    ]);
    expect(world.joined.map(({ Status }) => Status)).toEqual(['Contract signed', 'Contract signed']);
  });
  test('of those who are members already is set, and left where it is so', async () => {
    await join('Signed', members(contact(1), contact(2)));
    await join('Signed', members(contact(1)), 'Responded');
    await join('Signed', members(contact(1), contact(2)), 'Responded');
    expect(world.joined.map(({ Status }) => Status)).toEqual(['Responded', 'Responded']);
    expect(org.asked.filter(({ method }) => method === 'PATCH').map(({ body }) => (body as { records: unknown[] }).records.length)).toEqual([1, 1]);
  });
});

describe('an event', () => {
  const event = {
    name: 'Envelope signed',
    member: { contact: contact(1), email: null },
    data: { envelope: 'env_1', deal: id('006', 1), status: 'completed', amount: 3 },
    key: 'eff_1',
  };
  const emit = async (more: Partial<typeof event> = {}) => journey.emit?.(org.call, { ...event, ...more });
  const published = (reply: Reply) => org.answers(({ method, path }) => (method === 'POST' && /Envelope_Event__e$/.test(path) ? reply : undefined));
  const queued: Reply = { status: 201, body: { id: 'e00xx0000000001AAA', success: true, errors: [{ statusCode: 'OPERATION_ENQUEUED', message: 'a-uuid', fields: [] }] } };

  test('is published with our key; an answer that it is queued is success', async () => {
    published(queued);
    expect(await emit()).toEqual({ id: 'a-uuid' });
    expect(org.asked.at(-1)?.body).toEqual({
      Event_Id__c: 'eff_1',
      Event__c: 'Envelope signed',
      Contact_Id__c: contact(1),
      Envelope_Id__c: 'env_1',
      Opportunity_Id__c: id('006', 1),
      Status__c: 'completed',
      Data__c: JSON.stringify(event.data),
    });
  });
  test('has the names of a package with a namespace', async () => {
    const spaced = await scriptedOrg(({ method }) => (method === 'POST' ? queued : undefined), { namespace: 'cntr' });
    await journey.emit?.(spaced.call, event);
    expect(spaced.asked.at(-1)?.path).toBe('/sobjects/cntr__Envelope_Event__e');
    expect(spaced.asked.at(-1)?.body).toHaveProperty('cntr__Event_Id__c', 'eff_1');
    await spaced.stop();
  });
  test.each([
    ['refused', { status: 400, body: [{ errorCode: 'LIMIT_EXCEEDED', message: 'You reached the hourly limit', fields: [] }] }],
    ['answered as failed', { status: 201, body: { success: false, errors: [{ statusCode: 'LIMIT_EXCEEDED', message: 'hourly', fields: [] }] } }],
  ])('beyond the hourly cap, %s, is tried again later', async (_name, reply) => {
    published(reply);
    expect(await problemOf(emit())).toMatchObject({ code: 'vendor.unavailable', remedy: 'retry', retryAfterMs: 600_000 });
  });
  test('in an org without the package says what to do', async () => {
    expect(await problemOf(emit())).toMatchObject({ code: 'feature.unsupported', message: expect.stringContaining('Countersign package') as unknown });
  });
  test('that failed otherwise is no success', async () => {
    published({ status: 201, body: { success: false, errors: [{ statusCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION', message: 'no', fields: [] }] } });
    expect((await problemOf(emit())).code).toBe('vendor.rejected');
    published({ status: 201, body: 'x' });
    expect((await problemOf(emit())).remedy).not.toBe('retry');
  });
});

test('members are made of fields that Salesforce documents', () => {
  const [member, campaign] = [specOf('CampaignMember'), specOf('Campaign')];
  for (const name of ['CampaignId', 'ContactId', 'Status']) expect([name, member[name]?.properties.includes('Create')]).toEqual([name, true]);
  expect(member.Status?.properties).toContain('Update');
  for (const name of ['Name', 'IsActive']) expect(campaign[name]).toBeDefined();
});

describe('the sandbox', () => {
  test('takes members with a status of ours, and an event of the package', async () => {
    const real = await sandboxOrg();
    const people = real.sandbox.records('Contact').map((one) => one.id);
    expect(await journey.join?.(real.call, 'Signed', members(...people.slice(0, 3), contact(999)), 'Contract signed')).toEqual({ absent: [contact(999)] });
    expect(await journey.join?.(real.call, 'Signed', members(...people.slice(0, 2)), 'Responded')).toEqual({ absent: [] });
    const campaign = real.sandbox.records('Campaign').find(({ values }) => values.Name === 'Signed')?.id;
    const joined = real.sandbox.records('CampaignMember').filter(({ values }) => values.CampaignId === campaign);
    expect(joined.map(({ values }) => values.Status)).toEqual(['Responded', 'Responded', 'Contract signed']);
    const event = { name: 'Envelope signed', member: { contact: people[0] ?? '', email: null }, data: { envelope: 'env_1', status: 'completed' }, key: 'eff_1' };
    expect(await journey.emit?.(real.call, event)).toEqual({ id: expect.stringMatching(/./) as unknown });
    real.sandbox.installPackage(false);
    expect((await problemOf(Promise.resolve(journey.emit?.(real.call, event)))).code).toBe('feature.unsupported');
    await real.stop();
  });
});
