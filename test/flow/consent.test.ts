import { CompiledQuery } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson } from '#lib/json';
import { sha256 } from '#lib/hmac';
import { projectFile } from '#lib/root';
import { isAllowed } from '#core/consent';
import type { ConsentGiven } from '#core/fact';
import { actOf, findPersonOfContact, linkPerson, listConsents, openIdentity } from '#store/consents';
import { erasePeople, findPersonByEmail } from '#store/people';
import { verifyLedger } from '#store/ledger';
import { consentGiven } from '../store/fixtures.ts';
import { plantDeal, type TestDeal } from './deals.ts';
import { openWorld, type TestWorld } from './world.ts';

const EMAIL = 'ines.example@example.com';
const identity = { name: 'Ines Example', email: EMAIL, method: 'api-key', ip: '192.0.2.7', userAgent: null };
let w: TestWorld;
beforeAll(async () => {
  w = await openWorld();
});
afterAll(() => w.stop());

const report = (key: string, acts: ConsentGiven[], email = EMAIL) => w.world.desk.reportConsent(w.tenant, { key, email, acts, identity: { ...identity, email } }, 'test');
const rowsOf = async (person: `per_${string}`) => {
  await w.settled();
  return listConsents(w.db, w.tenant, person);
};

describe('a consent act', () => {
  it('that is reported enters the ledger once, however often it is reported', async () => {
    const act = consentGiven({ source: 'once' });
    const { person } = await report('once', [act]);
    await Promise.all([report('once', [act]), report('once', [act])]);
    await report('once-again', [act, act]);
    expect(await rowsOf(person)).toMatchObject([{ person, status: 'granted', purpose: 'newsletter', how: 'api', source: 'once' }]);
    expect(await verifyLedger(w.db, w.tenant, 'consents')).toMatchObject({ ok: true });
  });
  it('names no person in any ledger; who acted is sealed beside it, and tied to the row by its hash', async () => {
    const { person } = await report('sealed', [consentGiven({ source: 'sealed' })]);
    const row = (await rowsOf(person)).find(({ source }) => source === 'sealed');
    if (!row) throw new Error('It is there.');
    for (const table of ['consents', 'facts', 'audit', 'inbox', 'consent_personal'] as const)
      expect(JSON.stringify(await w.db.selectFrom(table).selectAll().execute())).not.toMatch(/ines|192\.0\.2\.7/i);
    const sealed = await openIdentity(w.db, w.world.flow.sealer, w.tenant, row);
    expect(sealed).toMatchObject(identity);
    expect(sha256(canonicalJson(sealed))).toBe(row.personal_hash);
  });
  it('of a person who is erased stays in a chain that holds, and says no more who it was', async () => {
    const { person } = await report('erased', [consentGiven({ source: 'erased' })], 'gone@example.com');
    const [row] = await rowsOf(person);
    if (!row) throw new Error('It is there.');
    await w.db.transaction().execute(async (tx) => {
      await linkPerson(tx, w.tenant, { install: w.crm.id, contact: 'contact-gone', person }, 0);
      await erasePeople(tx, w.world.flow.sealer, w.tenant, 'contact-gone', 0);
    });
    expect(await openIdentity(w.db, w.world.flow.sealer, w.tenant, row)).toBeNull();
    expect(await rowsOf(person)).toEqual([row]);
    expect(await verifyLedger(w.db, w.tenant, 'consents')).toMatchObject({ ok: true });
  });
  it('is never changed or taken away: the database itself refuses', async () => {
    for (const change of [`update consents set status = 'withdrawn'`, 'delete from consents'])
      await expect(w.db.executeQuery(CompiledQuery.raw(change))).rejects.toThrow(/append-only/);
  });
});

describe('a text', () => {
  const text = { name: 'terms', type: 'terms', purpose: null, channel: null, locale: 'en', jurisdiction: null, title: 'Terms', validFrom: 0 } as const;
  it('is published in versions; equal words are the same version, whatever way they were copied', async () => {
    const one = await w.world.desk.publishText(w.tenant, { ...text, wording: 'We agree.\nYou pay.' }, 'test');
    const same = await w.world.desk.publishText(w.tenant, { ...text, wording: 'We agree.  \r\nYou pay.\r\n\r\n' }, 'test');
    const two = await w.world.desk.publishText(w.tenant, { ...text, wording: 'We agree.\nYou pay now.' }, 'test');
    expect([one.version, same.id, two.version]).toEqual([1, one.id, 2]);
    expect(one.hash).toBe(sha256('We agree.\nYou pay.\n'));
    await expect(w.db.executeQuery(CompiledQuery.raw(`update consent_texts set wording = 'x'`))).rejects.toThrow(/append-only/);
  });
  it('cannot become about something else', async () => {
    await expect(w.world.desk.publishText(w.tenant, { ...text, type: 'marketing', purpose: 'news', channel: 'email', wording: 'x' }, 'test')).rejects.toMatchObject({
      code: 'request.malformed',
    });
  });
});

describe('an objection in the CRM of somebody who is not known here', () => {
  const journey = `${projectFile('mappings/hubspot/journey.yaml')}
  - id: promote
    title: Whoever never objected hears of more
    on: [completed]
    roles: [Customer]
    steps:
      - list: More
        consent: not-opted-out
`;
  const members = () => w.sandbox.hubspot.listMembers('More') ?? [];
  async function signed(deal: TestDeal): Promise<void> {
    deal.move('contractsent');
    const { envelopeId, recipients } = await deal.sent();
    for (const { role } of recipients) w.sandbox.docusign.sign(envelopeId, role);
    await deal.becomes('completed');
    await w.settled();
  }

  it('holds once they are', async () => {
    expect(await w.world.desk.saveMapping(w.tenant, 'journey', journey, 'promotes', 'a test', 'hubspot')).toMatchObject({ saved: true });
    const [against, silent] = [plantDeal(w, { person: { email: 'against@example.com' } }), plantDeal(w, { person: { email: 'silent@example.com' } })];
    w.sandbox.hubspot.leaveMail('against@example.com');
    const kept = await w.until('the objection', async () => w.db.selectFrom('consents').selectAll().where('how', '=', 'crm').executeTakeFirst());
    expect(kept).toMatchObject({ status: 'withdrawn', type: 'marketing', source: w.crm.id, personal_hash: null });
    await Promise.all([signed(against), signed(silent)]);
    expect(members()).toEqual([silent.contact]);
    const facts = await w.db.selectFrom('facts').select('why').where('deal', '=', against.id).execute();
    expect(facts.map(({ why }) => why).join(' ')).toContain('the journey rule "promote" was left out');
  });

  it('is carried to whom the contact is found to be, once', async () => {
    const { contact } = plantDeal(w, { person: { email: 'merged@example.com' } });
    w.sandbox.hubspot.leaveMail('merged@example.com');
    await w.until('the objection', async () => (await findPersonOfContact(w.db, w.tenant, w.crm.id, contact)) !== null);
    const link = { install: w.crm.id, contact };
    const act = consentGiven({ source: 'merged', capturedAt: 1 });
    for (const key of ['merged', 'merged-again'])
      await w.world.desk.reportConsent(
        w.tenant,
        { key, email: 'merged@example.com', acts: [act], identity: { ...identity, email: 'merged@example.com' }, contact: link },
        'a test',
      );
    const person = await findPersonByEmail(w.db, w.world.flow.sealer, w.tenant, 'merged@example.com');
    const rows = await rowsOf(person ?? 'per_none');
    expect(rows.map(({ status, how }) => [status, how]).sort()).toEqual([
      ['granted', 'api'],
      ['withdrawn', 'crm'],
    ]);
    expect(isAllowed({ channel: 'email', purpose: 'newsletter' }, rows.map(actOf), Date.now())).toBe(false);
    expect(await verifyLedger(w.db, w.tenant, 'consents')).toMatchObject({ ok: true });
  });
});
