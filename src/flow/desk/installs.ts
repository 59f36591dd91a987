import { newToken } from '#lib/ids';
import type { JsonObject } from '#lib/json';
import type { InstallId, TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import { hurryCursor, STREAM } from '#store/cursors';
import { getInstall, listInstalls, updateInstall } from '#store/installs';
import type { Desk } from '#flow/desk';
import { audited } from '#flow/desk/audit';
import type { Flow } from '#flow/flow';
import { CHANGES, installByKey, leaveInstall } from '#flow/install';
import { readGround } from '#flow/reconcile';
import { ownKeys, sealKeys } from '#flow/webhook-keys';

type InstallDesk = Pick<
  Desk,
  'crms' | 'refreshGround' | 'reconcileNow' | 'allowSending' | 'setWebhookKeys' | 'makeCardKey' | 'setDayShare' | 'setListening' | 'connectByKey' | 'disconnect'
>;

const KEY_BYTES = 32;
/** A new key is good beside the last one, so that it can be put in place while cards are used. */
const LIVE_KEYS = 2;

/** What people do with connected accounts. */
export function createInstallDesk(flow: Flow): InstallDesk {
  async function change(tenant: TenantId, id: InstallId, by: string, set: Parameters<typeof updateInstall>[3], action: string, detail?: JsonObject): Promise<void> {
    await getInstall(flow.db, tenant, id);
    await updateInstall(flow.db, tenant, id, { ...set, updated_at: flow.clock.now() });
    await audited(flow, tenant, { by, action, subject: id, detail });
  }

  return {
    async crms(tenant) {
      const installs = await listInstalls(flow.db, tenant);
      return installs.filter(({ state, vendor }) => state !== 'left' && flow.vendors.get(vendor)?.connector.crm !== undefined).map(({ vendor }) => vendor);
    },

    async refreshGround(tenant, id) {
      await readGround(flow, await getInstall(flow.db, tenant, id));
    },

    async reconcileNow(tenant, id, by) {
      await getInstall(flow.db, tenant, id);
      await hurryCursor(flow.db, tenant, id, flow.clock.now(), CHANGES);
      await audited(flow, tenant, { by, action: 'reconcile.asked', subject: id });
      flow.wake.cursors();
    },

    allowSending: (tenant, id, allow, by) => change(tenant, id, by, { send_allowed: allow ? 1 : 0 }, allow ? 'install.sending-allowed' : 'install.sending-forbidden'),

    async setWebhookKeys(tenant, id, given, by) {
      // Whoever knows that a key is empty could sign with it.
      const keys = given.map((key) => key.trim()).filter(Boolean);
      await change(tenant, id, by, { webhook_keys: sealKeys(flow, { tenant, id }, keys) }, 'install.webhook-keys-set', { keys: keys.length });
    },

    async makeCardKey(tenant, id, by) {
      const install = await getInstall(flow.db, tenant, id);
      const key = newToken(KEY_BYTES);
      const keys = [key, ...(ownKeys(flow, install) ?? [])].slice(0, LIVE_KEYS);
      await change(tenant, id, by, { webhook_keys: sealKeys(flow, install, keys) }, 'install.card-key-made', { keys: keys.length });
      return key;
    },

    async setDayShare(tenant, id, percent, by) {
      if (!Number.isInteger(percent) || percent < 1 || percent > 100) throw new Problem('request.malformed', { say: 'The share is a whole number of percent, from 1 to 100.' });
      await change(tenant, id, by, { day_share: percent }, 'install.day-share-set', { percent });
      flow.wake.outbox();
    },

    async setListening(tenant, id, on, by) {
      await change(tenant, id, by, { listening: on ? 1 : 0 }, on ? 'install.listening-begun' : 'install.listening-ended');
      // What was given up before is tried again.
      if (on) await hurryCursor(flow.db, tenant, id, flow.clock.now(), STREAM);
      flow.wake.cursors();
    },

    connectByKey: async (tenant, vendor, by) => void (await installByKey(flow, vendor, tenant, by)),
    disconnect: (tenant, id, by) => leaveInstall(flow, tenant, id, by),
  };
}
