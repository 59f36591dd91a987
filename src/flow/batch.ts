import { groupBy } from '#lib/group';
import type { Json } from '#lib/json';
import type { Decision } from '#core/decide/situation';
import type { Fact } from '#core/fact';
import type { DeliveryId, InstallId, NoticeId, TenantId } from '#core/ids';
import type { Inbound, Notice } from '#ports/inbound';
import type { Tx } from '#store/database';
import { findEnvelope, listEnvelopesByRemote, type EnvelopeWithRecipients } from '#store/envelopes';
import { deliveryBodies, OWN, settleNotices, UNREAD, type DeliveryBody, type InboxNotice, type SettledNotice } from '#store/inbox';
import { getInstall } from '#store/installs';
import { openLedger, type OpenLedger } from '#store/ledger';
import { getVendor, type Flow } from '#flow/flow';

/** A tenant's notices that one transaction settles, oldest first, and what they have in common. */
export interface Batch {
  facts: OpenLedger<'facts'>;
  /** What a notice means. Vendors' are decoded from the bytes as they came; our own are facts already. @throws whatever its bytes give rise to */
  factsOf(notice: InboxNotice): Promise<Fact[]>;
  /** The envelope that a fact is about, if it is one of this tenant's. A provider's id counts within the account that named it. */
  subjectOf(notice: InboxNotice, fact: Fact): Promise<EnvelopeWithRecipients | undefined>;
  settle(notice: SettledNotice): void;
  /** Has to hear of each decision that was applied, and whether people were erased: what was read ahead of it is read again. */
  applied(decision: Decision, erased: boolean): void;
  /** Writes the facts and settled notices so far: at the end, and before anybody looks at them. */
  write(): Promise<void>;
}

/**
 * `ahead` notices are read together, with their deliveries and envelopes, and all are written together: on PostgreSQL six of a notice's fourteen round trips were for these. Few are read,
 * since a delivery may be of megabytes and a turn may end after one of them. What the database refuses of some fails whoever is first of them; only with 1 it is known whose fault it is.
 */
export async function openBatch(flow: Flow, tx: Tx, tenant: TenantId, notices: readonly InboxNotice[], ahead: number): Promise<Batch> {
  const facts = await openLedger(tx, tenant, 'facts');
  const bodies = new Map<DeliveryId, DeliveryBody>();
  const opened = new Map<DeliveryId, Notice[]>();
  const meant = new Map<NoticeId, Promise<Fact[]>>();
  const subjects = new Map<string, EnvelopeWithRecipients | undefined>();
  let settled: SettledNotice[] = [];

  async function readAhead(first: InboxNotice): Promise<void> {
    const from = notices.indexOf(first);
    const some = notices.slice(from, from + ahead);
    const deliveries = new Set(some.flatMap(({ delivery }) => (delivery === null || opened.has(delivery) ? [] : delivery)));
    for (const delivery of await deliveryBodies(tx, [...deliveries])) bodies.set(delivery.id, delivery);
    const told = [];
    for (const notice of some) {
      meant.set(notice.id, decode(notice));
      told.push(...(await remotesOf(notice)));
    }
    await readSubjects(told);
  }

  async function decode(notice: InboxNotice): Promise<Fact[]> {
    if (notice.vendor === OWN) return JSON.parse(notice.payload ?? '[]') as Fact[];
    const { connector, appId } = getVendor(flow, notice.vendor);
    const { inbound } = connector;
    if (!inbound) return [];
    if (notice.payload !== null)
      return inbound.decode({ account: null, key: notice.key, kind: notice.kind, at: notice.at, payload: JSON.parse(notice.payload) as Json }, { appId });
    const all = noticesOf(inbound, notice.delivery);
    const some = notice.kind === UNREAD ? await ofItsAccount(notice, all) : all.slice(notice.position, notice.position + 1);
    return some.flatMap((again) => inbound.decode({ ...again, at: notice.at }, { appId }));
  }

  /** Split once, not once for each of the hundred notices that a delivery may hold. */
  function noticesOf(inbound: Inbound, id: DeliveryId | null): Notice[] {
    if (id === null) return [];
    const { body = null, headers = '{}' } = bodies.get(id) ?? {};
    const known = opened.get(id) ?? (body ? inbound.split({ method: 'POST', url: '', headers: JSON.parse(headers) as Record<string, string>, body }) : []);
    opened.set(id, known);
    bodies.delete(id);
    return known;
  }

  /** What could not be read when it came is perhaps read by now: then it is all that the delivery tells of the account to whose address it came. */
  async function ofItsAccount(notice: InboxNotice, all: Notice[]): Promise<Notice[]> {
    const install = await getInstall(tx, tenant, notice.install);
    return all.filter(({ account }) => account === null || account === install.account);
  }

  async function readSubjects(told: readonly { install: InstallId; remote: string }[]): Promise<void> {
    for (const [install, named] of groupBy(told, (one) => one.install)) {
      const remotes = new Set(named.map(({ remote }) => remote).filter((remote) => !subjects.has(keyOf(install, remote))));
      for (const remote of remotes) subjects.set(keyOf(install, remote), undefined);
      for (const found of await listEnvelopesByRemote(tx, tenant, install, [...remotes])) subjects.set(keyOf(install, found.envelope.remote ?? ''), found);
    }
  }

  /** Of one that cannot be read there are none. That is told when it is its turn. */
  async function remotesOf({ id, install }: InboxNotice): Promise<{ install: InstallId; remote: string }[]> {
    const told = await meant.get(id)?.catch(() => []);
    return (told ?? []).flatMap((fact) => (fact.type === 'envelope.status' && fact.data.remote !== null ? { install, remote: fact.data.remote } : []));
  }

  async function findByRemote(install: InstallId, remote: string): Promise<EnvelopeWithRecipients | undefined> {
    await readSubjects([{ install, remote }]);
    return subjects.get(keyOf(install, remote));
  }

  return {
    facts,
    async factsOf(notice) {
      if (!meant.has(notice.id)) await readAhead(notice);
      return meant.get(notice.id) ?? [];
    },
    async subjectOf({ install }, fact) {
      if (fact.type === 'deal.read') return fact.data.purpose.kind === 'retry' ? findEnvelope(tx, tenant, fact.data.purpose.envelope) : undefined;
      if (fact.type !== 'envelope.status') return 'envelope' in fact.data ? findEnvelope(tx, tenant, fact.data.envelope) : undefined;
      const { remote, envelope } = fact.data;
      const known = remote === null ? undefined : await findByRemote(install, remote);
      if (known || envelope === null) return known;
      return unlessCopied(await findEnvelope(tx, tenant, envelope), remote);
    },
    settle: (notice) => void settled.push(notice),
    applied({ create, changes }, erased) {
      if (create || erased || changes.some(({ set }) => set.remote !== undefined)) return subjects.clear();
      for (const [key, subject] of subjects) if (changes.some(({ envelope }) => envelope === subject?.envelope.id)) subjects.delete(key);
    },
    async write() {
      const some = settled;
      settled = [];
      await facts.write();
      await settleNotices(tx, tenant, some);
    },
  };
}

const keyOf = (install: InstallId, remote: string) => `${install}|${remote}`;

/** An envelope that has its provider's id already is not another one that carries our id along, such as a copy made by hand. */
function unlessCopied(named: EnvelopeWithRecipients | undefined, remote: string | null): EnvelopeWithRecipients | undefined {
  const copied = named?.envelope.remote != null && remote !== null && named.envelope.remote !== remote;
  return copied ? undefined : named;
}
