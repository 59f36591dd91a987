import { sha256 } from '#lib/hmac';
import { newId } from '#lib/ids';
import type { ConsentGiven, ConsentIdentity, Fact } from '#core/fact';
import type { Correlation, InstallId, PersonId, TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import type { Tx } from '#store/database';
import { keepTouches } from '#store/touches';
import { publishText, type ConsentText, type NewText } from '#store/consent-texts';
import { putOwnNotice } from '#store/inbox';
import { listInstalls } from '#store/installs';
import { append } from '#store/ledger';
import { ensurePerson } from '#store/people';
import type { Desk } from '#flow/desk';
import type { Flow } from '#flow/flow';

/** Consent acts of one person, as somebody brings them. */
export interface ConsentReport {
  /** The same key is the same report, however often it is brought. */
  key: string;
  email: string;
  acts: ConsentGiven[];
  identity: ConsentIdentity;
  /** Which contact of an account the person is, where that is known. */
  contact?: { install: InstallId; contact: string };
}

type ConsentDesk = Pick<Desk, 'publishText' | 'reportConsent'>;

/** Texts are published and acts reported; who acted is known here by their address alone. */
export function createConsentDesk(flow: Flow): ConsentDesk {
  return {
    async publishText(tenant: TenantId, text: NewText, by: string): Promise<ConsentText> {
      const now = flow.clock.now();
      return flow.db.transaction().execute(async (tx) => {
        const published = await publishText(tx, tenant, text, by, now);
        const { id, name, version, locale, hash } = published;
        if (published.published_at === now)
          await append(tx, tenant, 'audit', [
            { id: newId('aud', now), at: now, actor: by, action: 'consent-text.published', subject: id, detail: JSON.stringify({ name, version, locale, hash }) },
          ]);
        return published;
      });
    },

    async reportConsent(tenant, report, by) {
      const told = await flow.db.transaction().execute((tx) => putReport(flow, tx, tenant, report, by));
      flow.wake.inbox();
      return told;
    },
  };
}

/** Puts acts on the line in a transaction that others may share. Who acted stands in the notice until it is settled, and sealed after. @throws Problem `install.absent` */
export async function putReport(flow: Flow, tx: Tx, tenant: TenantId, report: ConsentReport, by: string): Promise<{ correlation: Correlation; person: PersonId }> {
  const now = flow.clock.now();
  const install = await lineOf(flow, tx, tenant);
  const { id: person } = await ensurePerson(tx, flow.sealer, tenant, report.email);
  if (report.contact) await keepTouches(tx, tenant, { ...report.contact, person }, now);
  const key = `consent|${report.key}`;
  const correlation: Correlation = `cor_${sha256(`${tenant}|${key}`).slice(0, 26)}`;
  const fact: Fact = { type: 'consent.acted', at: now, data: { person, contact: null, acts: report.acts }, personal: { identity: report.identity } };
  if (await putOwnNotice(tx, tenant, { install, key, kind: fact.type, at: now, correlation, facts: [fact] }, now))
    await append(tx, tenant, 'audit', [
      { id: newId('aud', now), at: now, actor: by, action: 'consent.reported', subject: person, detail: JSON.stringify({ acts: report.acts.length }) },
    ]);
  return { correlation, person };
}

/** What nobody's webhook told goes on the line of the tenant's CRM. */
async function lineOf(flow: Flow, tx: Tx, tenant: TenantId): Promise<InstallId> {
  const installs = (await listInstalls(tx, tenant)).filter(({ state }) => state !== 'left');
  const crm = installs.find(({ vendor }) => flow.vendors.get(vendor)?.connector.crm !== undefined);
  if (!crm) throw new Problem('install.absent', { say: 'No CRM is connected.' });
  return crm.id;
}
