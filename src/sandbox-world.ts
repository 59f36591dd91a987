import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Hono } from 'hono';
import { createDocuSignSandbox, type DocuSignHandles } from '#connectors/docusign/sandbox';
import { createHubSpotSandbox, type HubSpotHandles } from '#connectors/hubspot/sandbox';
import { createMailbox, type Mailbox } from '#connectors/mailbox/sandbox';
import type { Clock } from '#lib/clock';
import type { Json } from '#lib/json';
import { Secret } from '#lib/secret';
import type { Faults, Sandbox } from '#ports/sandbox';
import type { Registration } from './vendors.ts';

const SAVE_MS = 2_000;
const LINKS = [
  { label: 'HubSpot', part: 'hubspot' },
  { label: 'DocuSign', part: 'docusign' },
  { label: 'Mailbox', part: 'mail' },
];
const WEBHOOK_KEYS = ['sandbox-connect-key-1', 'sandbox-connect-key-2'];

/** The vendors' side of the wire and a mailbox, all in this process and all reached over real HTTP. */
export interface SandboxWorld {
  app: Hono;
  hubspot: Sandbox & HubSpotHandles;
  docusign: Sandbox & DocuSignHandles;
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

interface Saved {
  hubspot?: Json;
  docusign?: Json;
  mailbox?: Json;
}

export interface SandboxWorldOptions {
  publicUrl: () => string;
  clock: Clock;
  seed: number;
  /** Where the world is kept over restarts; nowhere where null. */
  file: string | null;
  accountType?: 'STANDARD' | 'SANDBOX' | 'DEVELOPER_TEST';
}

export function createSandboxWorld({ publicUrl, clock, seed, file, accountType }: SandboxWorldOptions): SandboxWorld {
  const saved: Saved = file && existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Saved) : {};
  const at = (part: string) => () => `${publicUrl()}/sandbox/${part}`;
  const appOf = (vendor: string) => ({
    clientId: `${vendor}-sandbox-client`,
    clientSecret: `${vendor}-sandbox-secret`,
    appId: '1160452',
    redirectUri: () => `${publicUrl()}/oauth/${vendor}/callback`,
    webhookUrl: () => `${publicUrl()}/webhooks/${vendor}`,
  });
  const elsewhere = (own: string) => () => [
    ...LINKS.filter((link) => link.part !== own).map(({ label, part }) => ({ label, href: `${at(part)()}/` })),
    { label: 'Countersign', href: `${publicUrl()}/` },
  ];
  const mailbox = createMailbox({ baseUrl: at('mail'), clock, elsewhere: elsewhere('mail'), ...(saved.mailbox === undefined ? {} : { state: saved.mailbox }) });
  const common = { clock, seed, webhookKeys: WEBHOOK_KEYS, mail: (mail: Parameters<Mailbox['deliver']>[0]) => mailbox.deliver(mail), serverUrl: publicUrl };
  const hubspot = createHubSpotSandbox({
    ...common,
    baseUrl: at('hubspot'),
    elsewhere: elsewhere('hubspot'),
    app: appOf('hubspot'),
    ...(accountType ? { accountType } : {}),
    ...(saved.hubspot === undefined ? {} : { state: saved.hubspot }),
  });
  const docusign = createDocuSignSandbox({
    ...common,
    baseUrl: at('docusign'),
    elsewhere: elsewhere('docusign'),
    app: appOf('docusign'),
    ...(saved.docusign === undefined ? {} : { state: saved.docusign }),
  });

  const app = new Hono();
  app.route('/sandbox/hubspot', hubspot.app);
  app.route('/sandbox/docusign', docusign.app);
  app.route('/sandbox/mail', mailbox.app);

  /** Whole or not at all: a process that is killed while it writes leaves the file before. */
  function save(): void {
    if (!file) return;
    writeFileSync(`${file}.new`, JSON.stringify({ hubspot: hubspot.state(), docusign: docusign.state(), mailbox: mailbox.state() } satisfies Saved));
    renameSync(`${file}.new`, file);
  }
  const saving = file ? setInterval(save, SAVE_MS).unref() : null;

  return {
    app,
    hubspot,
    docusign,
    mailbox,
    registrations: new Map([
      ['hubspot', registration('hubspot', at('hubspot'), [new Secret(appOf('hubspot').clientSecret)])],
      [
        'docusign',
        registration(
          'docusign',
          at('docusign'),
          WEBHOOK_KEYS.map((key) => new Secret(key)),
        ),
      ],
    ]),
    links: LINKS.map(({ label, part }) => ({ label, href: `/sandbox/${part}/` })),
    steps: {
      install: { label: 'Install from HubSpot’s marketplace', href: '/sandbox/hubspot/' },
      send: { label: 'Open the deal board', href: '/sandbox/hubspot/deals' },
      sign: { label: 'Open the mailbox', href: '/sandbox/mail/' },
    },
    misbehave(faults) {
      Object.assign(hubspot.faults, faults);
      Object.assign(docusign.faults, faults);
    },
    async quiet() {
      await Promise.all([hubspot.quiet(), docusign.quiet()]);
    },
    close() {
      if (saving) clearInterval(saving);
      hubspot.close();
      docusign.close();
    },
    save,
  };

  function registration(vendor: string, host: () => string, webhookSecrets: Secret[]): Registration {
    const { clientId, clientSecret, appId } = appOf(vendor);
    return { clientId, clientSecret: new Secret(clientSecret), appId, webhookSecrets, hosts: () => ({ authorizeUrl: host(), tokenUrl: host(), apiUrl: host() }) };
  }
}
