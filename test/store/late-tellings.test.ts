import { expect, it } from 'vitest';
import type { Effect } from '#core/effect';
import { clearAlarmsBut, listAlarms, raiseAlarm } from '#store/alarms';
import { lateTellings } from '#store/health';
import { updateInstall } from '#store/installs';
import { eachDatabase } from './databases.ts';
import { NOW, put, putAccount, write, type Account } from './fixtures.ts';

const tell = ({ crm }: Account, id: number): Effect => ({
  kind: 'consent.tell',
  key: `consent|cns_${id}|${crm.id}`,
  install: crm.id,
  data: { contact: 'contact-ada', person: 'per_1', consent: `cns_${id}`, topic: { type: 'marketing', purpose: null, channel: 'email' }, status: 'withdrawn', dueAt: NOW + 1000 },
  priority: 2,
  notBefore: NOW,
  envelope: null,
  why: 'A withdrawal has to reach every system.',
});

eachDatabase((_name, open) => {
  it('is late what waits, is held or waits for a person past its time; what is done, younger or of an account that is gone is not', async () => {
    const { db } = await open();
    const [late, done, gone] = [await putAccount(db), await putAccount(db), await putAccount(db)];
    await put(db, late, 1, tell(late, 1), tell(late, 2), tell(late, 3), write(late.crm, '1'));
    await put(db, done, 1, tell(done, 4));
    await put(db, gone, 1, tell(gone, 5));
    for (const [key, state] of [
      ['1', 'held'],
      ['2', 'parked'],
    ] as const)
      await db.updateTable('outbox').set({ state }).where('key', '=', `consent|cns_${key}|${late.crm.id}`).execute();
    await db.updateTable('outbox').set({ state: 'done' }).where('install', '=', done.crm.id).execute();
    await updateInstall(db, gone.tenant, gone.crm.id, { state: 'left' });
    expect(await lateTellings(db, NOW)).toEqual([]);
    expect(await lateTellings(db, NOW + 1)).toEqual([{ install: late.crm.id, tenant: late.tenant, name: late.crm.name, count: 3 }]);
  });

  it('an alarm stays for whom it is still true of, and goes for all others of its kind alone', async () => {
    const { db } = await open();
    for (const [code, subject] of [
      ['consent-late', 'a'],
      ['consent-late', 'b'],
      ['lane-stuck', 'a'],
    ] as const)
      await raiseAlarm(db, { code, subject, tenant: null, say: 'It is late.' }, NOW);
    const standing = async () => (await listAlarms(db)).map(({ code, subject }) => `${code} ${subject}`).sort();
    await clearAlarmsBut(db, 'consent-late', ['b']);
    expect(await standing()).toEqual(['consent-late b', 'lane-stuck a']);
    await clearAlarmsBut(db, 'consent-late', []);
    expect(await standing()).toEqual(['lane-stuck a']);
  });
});
