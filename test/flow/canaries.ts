import { openTokens } from '#flow/tokens';
import { ownKeys } from '#flow/webhook-keys';
import type { Install } from '#store/installs';
import { asServer } from '#store/scope';
import { projectRoot } from '#lib/root';
import type { World } from '#src/world';

/** What is a secret or a person's wherever it stands, by its form. */
const FORMS: readonly [string, RegExp][] = [
  ['an e-mail address', /[\w.+-]+@[\w-]+\.[a-z]{2,}/i],
  ['a key of the API', /csk_[\w-]{8,}/],
  ['a signing secret', /whsec_[\w+/=-]{8,}/],
  ['a private key', /BEGIN [A-Z ]*PRIVATE KEY/],
  ['a sealed value', /\bv1\.[\w-]{8}\.[\w-]{30,}/],
  ['a bearer token', /bearer\s+[\w.-]{8,}/i],
  ['a one-time link', /\/enter\/[\w-]{16,}/],
];
/** Shorter ones would be found in words that are nobody's. */
const SHORTEST = 6;

/** Everything in a world that may stand in no log and no metric: tokens, keys, webhook addresses, and the people of every vendor. */
export async function canariesOf({ db, flow, sandbox }: World): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const add = (what: string, ...values: (string | null | undefined)[]) => {
    for (const value of values) if (value && value.length >= SHORTEST) found.set(value, what);
  };
  const installs = await asServer(() => db.selectFrom('installs').selectAll().execute()).catch(ifStopped);
  for (const install of installs) add('a token or key', ...secretsIn(flow, install));
  if (!sandbox) return found;
  for (const { webhookSecrets, clientSecret } of sandbox.registrations.values())
    add('a secret of the app', clientSecret.reveal(), ...webhookSecrets.map((secret) => secret.reveal()));
  const contacts = sandbox.hubspot.account.all('contacts').map(({ properties }) => properties);
  for (const { email, firstname, lastname, phone } of contacts) add('a person', email, phone, `${firstname ?? ''} ${lastname ?? ''}`.trim());
  for (const { firstName, lastName, email } of sandbox.hubspot.world().owners) add('an owner', email, `${firstName} ${lastName}`);
  for (const { recipients } of sandbox.docusign.envelopes()) for (const { name, email } of recipients) add('a recipient', name, email);
  return found;
}

/** A test may have stopped its world itself; its people are looked for all the same. */
function ifStopped(error: unknown): [] {
  if (/already been destroyed/.test(String(error))) return [];
  throw error;
}

function secretsIn(flow: World['flow'], install: Install): string[] {
  const tokens = install.tokens?.startsWith('v1.') ? openTokens(flow, install) : null;
  const keys = install.webhook_keys === null ? [] : (ownKeys(flow, install) ?? []);
  return [install.hook, ...keys, ...(tokens ? [tokens.accessToken.reveal(), tokens.refreshToken?.reveal() ?? ''] : [])];
}

/** What of them stands in `text`, each told by kind and by the line, and not by itself. */
export function leaksIn(text: string, canaries: ReadonlyMap<string, string>): string[] {
  // A frame of the stack names a file of a package, and a package may be called @like.this.
  const plain = text.replaceAll(projectRoot, '').replace(/node_modules\/\S+/g, '');
  const lineOf = (index: number) => plain.slice(plain.lastIndexOf('\n', index) + 1, plain.indexOf('\n', index) < 0 ? undefined : plain.indexOf('\n', index)).slice(0, 300);
  const leaks: string[] = [];
  for (const [what, form] of FORMS) {
    const match = form.exec(plain);
    if (match) leaks.push(`${what}: ${lineOf(match.index)}`);
  }
  for (const [value, what] of canaries) {
    const index = plain.indexOf(value);
    if (index >= 0) leaks.push(`${what}: ${lineOf(index)}`);
  }
  return leaks;
}
