import { Hono } from 'hono';
import { createAccountEngagementSandbox, type AccountEngagementHandles } from '#connectors/account-engagement/sandbox';
import { createDocuSignSandbox, type DocuSignHandles } from '#connectors/docusign/sandbox';
import { createHubSpotSandbox, type HubSpotHandles } from '#connectors/hubspot/sandbox';
import { createMailbox, type Mailbox } from '#connectors/mailbox/sandbox';
import { createMarketingCloudSandbox, type MarketingCloudHandles } from '#connectors/marketing-cloud/sandbox';
import { createSalesforceSandbox, type SalesforceHandles } from '#connectors/salesforce/sandbox';
import type { Clock } from '#lib/clock';
import type { Json } from '#lib/json';
import { Secret } from '#lib/secret';
import type { Faults, Sandbox, SandboxOptions } from '#ports/sandbox';
import { readSandboxFile, writeSandboxFile } from './sandbox-place.ts';
import type { Registration } from './vendors.ts';

const SAVE_MS = 2_000;
const PARTS = [
  { label: 'HubSpot', part: 'hubspot' },
  { label: 'Salesforce', part: 'salesforce' },
  { label: 'DocuSign', part: 'docusign' },
  { label: 'Marketing Cloud', part: 'marketing-cloud' },
  { label: 'Account Engagement', part: 'account-engagement' },
  { label: 'Mailbox', part: 'mail' },
] as const;
type Part = Exclude<(typeof PARTS)[number]['part'], 'mail'>;
const WEBHOOK_KEYS = ['sandbox-connect-key-1', 'sandbox-connect-key-2'];

/** The vendors' side of the wire and a mailbox, all in this process and all reached over real HTTP. */
export interface SandboxWorld {
  app: Hono;
  hubspot: Sandbox & HubSpotHandles;
  salesforce: Sandbox & SalesforceHandles;
  docusign: Sandbox & DocuSignHandles;
  marketingCloud: Sandbox & MarketingCloudHandles;
  accountEngagement: Sandbox & AccountEngagementHandles;
  mailbox: Mailbox;
  registrations: Map<string, Registration>;
  links: { label: string; href: string }[];
  /** The pages at which a newcomer's first steps happen. */
  steps: Record<'install' | 'send' | 'sign', { label: string; href: string }>;
  misbehave(faults: Partial<Faults>): void;
  /** Waits until no webhook is on its way any more. */
  quiet(): Promise<void>;
  /** Ends what runs by itself; requests are still answered. */
  close(): void;
  /** Keeps the world as it is now. After the last request, so that nothing that was answered is forgotten. */
  save(): void;
}

type Saved = Partial<Record<Part | 'mailbox', Json>>;

export interface SandboxWorldOptions {
  publicUrl: () => string;
  clock: Clock;
  seed: number;
  /** Where the world is kept over restarts; nowhere where null. */
  file: string | null;
  accountType?: 'STANDARD' | 'SANDBOX' | 'DEVELOPER_TEST';
}

export function createSandboxWorld({ publicUrl, clock, seed, file, accountType }: SandboxWorldOptions): SandboxWorld {
  const saved: Saved = file ? readSandboxFile(file, publicUrl()) : {};
  const at = (part: string) => () => `${publicUrl()}/sandbox/${part}`;
  const app = new Hono();
  const played = new Map<Part, Sandbox>();
  const registrations = new Map<string, Registration>();
  const elsewhere = (own: string) => () => [
    ...PARTS.filter((link) => link.part !== own).map(({ label, part }) => ({ label, href: `${at(part)()}/` })),
    { label: 'Countersign', href: `${publicUrl()}/` },
  ];
  const mailbox = createMailbox({ baseUrl: at('mail'), clock, elsewhere: elsewhere('mail'), ...(saved.mailbox === undefined ? {} : { state: saved.mailbox }) });

  /** One vendor: its sandbox below a path of this server, and the registration with which the server finds it there. */
  function play<One extends Sandbox>(part: Part, signs: 'app' | 'keys' | 'nothing', create: (options: SandboxOptions) => One): One {
    const [clientId, clientSecret, appId] = [`${part}-sandbox-client`, `${part}-sandbox-secret`, '1160452'];
    const state = saved[part];
    const sandbox = create({
      clock,
      seed,
      webhookKeys: WEBHOOK_KEYS,
      mail: (mail) => mailbox.deliver(mail),
      serverUrl: publicUrl,
      baseUrl: at(part),
      elsewhere: elsewhere(part),
      app: { clientId, clientSecret, appId, redirectUri: () => `${publicUrl()}/oauth/${part}/callback`, webhookUrl: () => `${publicUrl()}/webhooks/${part}` },
      ...(state === undefined ? {} : { state }),
    });
    const webhookSecrets = { app: [clientSecret], keys: WEBHOOK_KEYS, nothing: [] }[signs].map((key) => new Secret(key));
    const hosts = () => ({ authorizeUrl: at(part)(), tokenUrl: at(part)(), apiUrl: at(part)() });
    registrations.set(part, { clientId, clientSecret: new Secret(clientSecret), appId, webhookSecrets, hosts });
    played.set(part, sandbox);
    app.route(`/sandbox/${part}`, sandbox.app);
    return sandbox;
  }

  const hubspot = play('hubspot', 'app', (options) => createHubSpotSandbox({ ...options, ...(accountType ? { accountType } : {}) }));
  const salesforce = play('salesforce', 'nothing', createSalesforceSandbox);
  const docusign = play('docusign', 'keys', createDocuSignSandbox);
  const marketingCloud = play('marketing-cloud', 'nothing', createMarketingCloudSandbox);
  const accountEngagement = play('account-engagement', 'nothing', createAccountEngagementSandbox);
  app.route('/sandbox/mail', mailbox.app);

  function save(): void {
    if (!file) return;
    const parts = Object.fromEntries([...played].map(([part, sandbox]) => [part, sandbox.state()]));
    writeSandboxFile(file, { ...parts, mailbox: mailbox.state() } satisfies Saved, publicUrl());
  }
  const saving = file ? setInterval(save, SAVE_MS).unref() : null;

  return {
    app,
    hubspot,
    salesforce,
    docusign,
    marketingCloud,
    accountEngagement,
    mailbox,
    registrations,
    links: PARTS.map(({ label, part }) => ({ label, href: `/sandbox/${part}/` })),
    steps: {
      install: { label: 'Install from HubSpot’s marketplace', href: '/sandbox/hubspot/' },
      send: { label: 'Open the deal board', href: '/sandbox/hubspot/deals' },
      sign: { label: 'Open the mailbox', href: '/sandbox/mail/' },
    },
    misbehave(faults) {
      for (const sandbox of played.values()) Object.assign(sandbox.faults, faults);
    },
    async quiet() {
      await Promise.all([...played.values()].map((sandbox) => sandbox.quiet()));
    },
    close() {
      if (saving) clearInterval(saving);
      for (const sandbox of played.values()) sandbox.close();
    },
    save,
  };
}
