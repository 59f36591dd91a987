import { setMaxListeners } from 'node:events';
import type { Clock } from '#lib/clock';
import type { Random } from '#lib/random';
import type { Faults } from '#ports/sandbox';
import { idOf } from './org/ids.ts';
import type { Change } from './org/journal.ts';
import type { Org } from './org/org.ts';

/** Salesforce gathers notifications for a moment and sends at most this many together. */
const MOST = 100;
const GATHER_MS = 25;
/** Salesforce tries for a day, at growing distances of up to two hours; here the day is shorter. */
const RETRY_MS = [250, 500, 1000, 2000, 4000, 8000, 8000, 8000];
const TIMEOUT_MS = 5000;
const ACTION = idOf('04k', 11);

interface Notification {
  id: string;
  record: string;
}
export interface Outbound {
  happened(changes: Change[]): void;
  quiet(): Promise<void>;
  close(): void;
  answers(): Record<number, number>;
}
interface Parts {
  org: () => Org;
  baseUrl: () => string;
  clock: Clock;
  faults: Faults;
  random: Random;
}

/** Outbound messages: told of a change of stage, with what the record holds when the message leaves, until somebody says Ack. */
export function createOutbound({ org, baseUrl, clock, faults, random }: Parts): Outbound {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const underWay = new Set<Promise<void>>();
  const answers: Record<number, number> = {};
  let gathered: Notification[] = [];
  let gathering: Promise<void> | null = null;

  const pause = () => clock.sleep(random() * faults.maxPauseMs, stop.signal);
  function track(work: Promise<void>): void {
    const tracked: Promise<void> = work.finally(() => underWay.delete(tracked));
    underWay.add(tracked);
  }

  async function deliver(url: string, notifications: Notification[], late: boolean): Promise<void> {
    if (late || random() < faults.delay) await pause();
    for (let attempt = 0; attempt <= RETRY_MS.length && !stop.signal.aborted; attempt++) {
      // There is no signature to spoil: a message that is not from this org names another one.
      const orgId = random() < faults.wrongSignature ? idOf('00D', 1) : org().state.orgId;
      if (await sent(url, envelopeOf(orgId, notifications))) return;
      const wait = RETRY_MS[attempt];
      if (wait !== undefined) await clock.sleep(wait, stop.signal);
    }
  }

  async function sent(url: string, body: string): Promise<boolean> {
    const headers = { 'content-type': 'text/xml; charset=utf-8', soapaction: '""', 'user-agent': 'Salesforce (sandbox)' };
    const reply = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) }).then(
      async (response) => ({ status: response.status, text: await response.text() }),
      () => ({ status: 0, text: '' }),
    );
    answers[reply.status] = (answers[reply.status] ?? 0) + 1;
    return reply.status === 200 && /<(?:\w+:)?Ack>\s*true\s*<\/(?:\w+:)?Ack>/.test(reply.text);
  }

  function flush(): void {
    const url = org().state.outbound;
    const all = gathered;
    gathered = [];
    if (url === null) return;
    for (let start = 0; start < all.length; start += MOST) {
      const notifications = all.slice(start, start + MOST);
      if (random() < faults.drop) continue;
      if (random() < faults.duplicate) track(deliver(url, notifications, false));
      track(deliver(url, notifications, random() < faults.reorder));
    }
  }

  function envelopeOf(orgId: string, notifications: Notification[]): string {
    const { store } = org();
    const parts = notifications.map(({ id, record }) => {
      const values = store.find('Opportunity', record)?.values ?? {};
      const fields = ['StageName', 'LastStageChangeDate', 'SystemModstamp'].flatMap((name) => {
        const value = values[name];
        return value == null ? [] : [`<sf:${name}>${escaped(soapValue(String(value)))}</sf:${name}>`];
      });
      return `<Notification><Id>${id}</Id><sObject xsi:type="sf:Opportunity" xmlns:sf="urn:sobject.enterprise.soap.sforce.com"><sf:Id>${record}</sf:Id>${fields.join('')}</sObject></Notification>`;
    });
    const instance = baseUrl() + org().state.instance;
    const head = `<OrganizationId>${orgId}</OrganizationId><ActionId>${ACTION}</ActionId><SessionId xsi:nil="true"/>`;
    const urls = `<EnterpriseUrl>${instance}/services/Soap/c/67.0/${orgId.slice(0, 15)}</EnterpriseUrl><PartnerUrl>${instance}/services/Soap/u/67.0/${orgId.slice(0, 15)}</PartnerUrl>`;
    return `<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><notifications xmlns="http://soap.sforce.com/2005/09/outbound">${head}${urls}${parts.join('')}</notifications></soapenv:Body></soapenv:Envelope>`;
  }

  return {
    happened(changes) {
      const { state } = org();
      if (state.outbound === null || stop.signal.aborted) return;
      const moved = new Set(
        changes.filter(({ type, kind, changed }) => type === 'Opportunity' && (kind === 'CREATE' || kind === 'UPDATE') && 'StageName' in changed).map(({ id }) => id),
      );
      if (moved.size === 0) return;
      for (const record of moved) gathered.push({ id: idOf('04l', ++state.notifications), record });
      gathering ??= clock.sleep(GATHER_MS, stop.signal).then(() => {
        gathering = null;
        flush();
      });
    },
    async quiet() {
      while (gathering || underWay.size > 0) {
        if (gathering) await gathering;
        await Promise.all(underWay);
      }
    },
    close: () => stop.abort(),
    answers: () => ({ ...answers }),
  };
}

const soapValue = (value: string): string => value.replace(/\+0000$/, 'Z');
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
