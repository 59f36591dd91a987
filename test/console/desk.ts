import { newId } from '#lib/ids';
import { Problem } from '#core/problem';
import type { Desk, DryRun, MappingFault } from '#flow/desk';

/** A desk that does nothing but remember what it was asked to do. */
export interface FakeDesk extends Desk {
  calls: [string, ...unknown[]][];
  faults: MappingFault[];
  /** What the next operation throws. */
  fails: Problem | null;
  run: DryRun;
  /** The CRMs that are connected. */
  connected: string[];
}

const FAULT: MappingFault = {
  level: 'error',
  kind: 'send',
  path: 'rules[0].subject',
  line: 31,
  column: 24,
  say: 'deal has no field “dealnaem”.',
  suggestion: 'Did you mean “dealname”?',
};
const WARNING: MappingFault = { level: 'warning', kind: 'send', path: 'rules[0].when.stage', line: 24, column: 14, say: 'The stage is in two pipelines; the rule watches both.' };

const RUN: DryRun = {
  deal: { id: '9000000042', name: 'Lakeside Clinics', stage: 'contractsent', url: 'https://crm.example.com/deal/9000000042' },
  decision: {
    send: true,
    plan: {
      rule: 'contract-sent',
      template: { id: 'tpl-1', name: 'Order form' },
      subject: 'Contract for Lakeside Clinics',
      message: 'Please read and sign. If anything is unclear, answer to sales@example.com.',
      recipients: [
        { role: 'Legal', name: 'Legal Desk', email: 'legal@example.com', order: 2, contact: null },
        { role: 'Customer', name: 'Amara Okafor', email: 'amara.okafor@example.com', order: 1, contact: '501' },
      ],
      fields: [
        { role: 'Customer', label: 'Amount', value: 'EUR 48,000' },
        { role: 'Customer', label: 'Company', value: 'Lakeside Clinics' },
      ],
      policies: { reminders: { afterDays: 3, everyDays: 3 }, expiresAfterDays: 30, backward: 'ask', retries: 1 },
      attribution: { first_source: 'ORGANIC_SEARCH' },
    },
  },
  writes: [
    { status: 'sent', writes: [{ record: { type: 'deal', id: '9000000042' }, set: { countersign_status: 'sent', countersign_waiting_for: 'Customer' }, once: [] }] },
    {
      status: 'completed',
      writes: [
        {
          record: { type: 'deal', id: '9000000042' },
          set: { countersign_status: 'completed', dealstage: 'closedwon', countersign_first_source: 'ORGANIC_SEARCH' },
          once: ['countersign_first_source'],
        },
      ],
    },
  ],
  steps: [{ status: 'completed', say: 'Contact 501 joins the list “Signed customers”.' }],
};

export function fakeDesk(): FakeDesk {
  const note = async (name: string, ...rest: unknown[]): Promise<void> => {
    desk.calls.push([name, ...rest]);
    if (desk.fails) throw desk.fails;
  };
  const desk: FakeDesk = {
    calls: [],
    faults: [FAULT, WARNING],
    fails: null,
    run: RUN,
    connected: ['hubspot'],
    publishText: () => Promise.reject(new Error('not asked for')),
    exportProof: async (...rest) => {
      await note('exportProof', ...rest);
      return [{ path: 'README.txt', bytes: Buffer.from('a proof') }];
    },
    reportConsent: () => Promise.reject(new Error('not asked for')),
    send: async () => ({ correlation: newId('cor') }),
    void: (...rest) => note('void', ...rest),
    remind: (...rest) => note('remind', ...rest),
    dryRun: async (...rest) => {
      await note('dryRun', ...rest);
      return desk.run;
    },
    card: async () => {
      throw new Problem('request.not-found');
    },
    deals: async (...rest) => {
      await note('deals', ...rest);
      return [
        { id: '9000000042', name: 'Lakeside Clinics', stage: 'contractsent', fields: {} },
        { id: '9000000077', name: 'Proseware <trial>', stage: 'appointmentscheduled', fields: {} },
      ];
    },
    correctAttribution: async (...rest) => {
      await note('correctAttribution', ...rest);
      return newId('atr');
    },
    replayEffect: (...rest) => note('replayEffect', ...rest),
    discardEffect: (...rest) => note('discardEffect', ...rest),
    replayNotice: (...rest) => note('replayNotice', ...rest),
    discardNotice: (...rest) => note('discardNotice', ...rest),
    discardDelivery: (...rest) => note('discardDelivery', ...rest),
    brakes: {
      stop: (...rest) => note('brakes.stop', ...rest),
      resume: (...rest) => note('brakes.resume', ...rest),
      stopServer: (...rest) => note('brakes.stopServer', ...rest),
      resumeServer: (...rest) => note('brakes.resumeServer', ...rest),
      rules: async () => [
        {
          ...{
            crm: 'ins_crm',
            vendor: 'hubspot',
            rule: 'contract-sent',
            title: 'Send the contract',
            ceiling: { sends: 50, withinMs: 180_000, firstRun: 10 },
            firstRun: 3,
            stopped: false,
          },
        },
      ],
      release: async (...rest) => {
        await note('brakes.release', ...rest);
        return 1;
      },
      discard: async (...rest) => {
        await note('brakes.discard', ...rest);
        return 1;
      },
    },
    checkMappings: async () => {
      if (desk.fails) throw desk.fails;
      return desk.faults;
    },
    saveMapping: async (...rest) => {
      await note('saveMapping', ...rest);
      return desk.faults.some((fault) => fault.level === 'error') ? { saved: false, faults: desk.faults } : { saved: true, id: newId('map'), version: 3 };
    },
    activateMapping: (...rest) => note('activateMapping', ...rest),
    refreshGround: (...rest) => note('refreshGround', ...rest),
    reconcileNow: (...rest) => note('reconcileNow', ...rest),
    allowSending: (...rest) => note('allowSending', ...rest),
    setWebhookKeys: (...rest) => note('setWebhookKeys', ...rest),
    setDayShare: (...rest) => note('setDayShare', ...rest),
    setListening: (...rest) => note('setListening', ...rest),
    makeCardKey: async (...rest) => {
      await note('makeCardKey', ...rest);
      return 'a-card-key-that-is-shown-once';
    },
    crms: async () => desk.connected,
    connectByKey: (...rest) => note('connectByKey', ...rest),
    disconnect: (...rest) => note('disconnect', ...rest),
    capture: {
      check: () => Promise.resolve([]),
      save: async (...rest) => {
        await note('capture.save', ...rest);
        return { saved: true, slug: 'newsletter', version: 2 };
      },
      show: (...rest) => note('capture.show', ...rest),
      makeKey: async (...rest) => {
        await note('capture.makeKey', ...rest);
        return { id: newId('key'), key: 'csk_that-is-shown-once' };
      },
      revokeKey: (...rest) => note('capture.revokeKey', ...rest),
    },
    endpoints: {
      add: async (...rest) => {
        await note('endpoints.add', ...rest);
        return { id: newId('enp'), secret: 'whsec_that-is-shown-once' };
      },
      change: (...rest) => note('endpoints.change', ...rest),
      rotate: async (...rest) => {
        await note('endpoints.rotate', ...rest);
        return { secret: 'whsec_that-is-shown-once', oldUntil: 1 };
      },
      enable: (...rest) => note('endpoints.enable', ...rest),
      disable: (...rest) => note('endpoints.disable', ...rest),
      remove: (...rest) => note('endpoints.remove', ...rest),
      test: async (...rest) => {
        await note('endpoints.test', ...rest);
        return newId('msg');
      },
      replay: (...rest) => note('endpoints.replay', ...rest),
      replayFailed: async (...rest) => {
        await note('endpoints.replayFailed', ...rest);
        return 2;
      },
    },
  };
  return desk;
}
