import * as z from 'zod';
import { Problem } from '#core/problem';
import type { Account, AppRegistration, TokenHttp, Tokens } from '#ports/auth';
import type { Environment, HttpReply } from '#ports/call';
import { restPath } from './client.ts';
import { id18, isId } from './ids.ts';
import { replyProblem } from './problem.ts';

const userSchema = z.object({ user_id: z.string(), organization_id: z.string() });
const orgSchema = z.object({
  records: z.tuple([
    z.object({
      Id: z.string(),
      Name: z.string().nullish(),
      IsSandbox: z.boolean(),
      OrganizationType: z.string().nullish(),
      InstanceName: z.string().nullish(),
      TrialExpirationDate: z.string().nullish(),
    }),
  ]),
});
type Org = z.infer<typeof orgSchema>['records'][0];
const objectsSchema = z.object({ sobjects: z.array(z.object({ name: z.string() })) });

const ORG_QUERY = 'SELECT Id, Name, IsSandbox, OrganizationType, InstanceName, TrialExpirationDate FROM Organization';
/** An object that no other package is likely to have. */
const OURS = /^(?:(\w+)__)?Envelope_Recipient__c$/;

/**
 * Which org the tokens are for. The token answer's identity URL is not called, for it comes from outside: the same is asked of the instance, whose host is checked.
 * The org must say the same of itself in both answers.
 */
export async function identify(app: AppRegistration, http: TokenHttp, tokens: Tokens): Promise<Account> {
  const { baseUrl } = tokens;
  if (baseUrl === undefined) throw new Problem('vendor.odd-answer');
  const get = (path: string) => http({ method: 'GET', url: baseUrl + path, headers: { authorization: `Bearer ${tokens.accessToken.reveal()}` } });
  const user = read(await get('/services/oauth2/userinfo'), userSchema);
  const [org] = read(await get(`${restPath('/query')}?q=${encodeURIComponent(ORG_QUERY)}`), orgSchema).records;
  const ids = [user.organization_id, org.Id, user.user_id];
  if (!ids.every(isId) || id18(org.Id) !== id18(user.organization_id)) throw new Problem('vendor.odd-answer', { say: 'Salesforce does not say clearly which org this is.' });
  return {
    id: id18(org.Id),
    name: org.Name ?? `Salesforce ${org.InstanceName ?? org.Id}`,
    environment: environmentOf(org),
    baseUrl,
    details: {
      login: app.tokenUrl,
      orgId: id18(org.Id),
      userId: id18(user.user_id),
      edition: org.OrganizationType ?? null,
      instance: org.InstanceName ?? null,
      sandbox: org.IsSandbox,
      namespace: await namespaceOf(get),
    },
  };
}

/**
 * Sandboxes are copies with the live customers' addresses in them. Trials end, and Developer Edition is licensed for building and trying alone. None of them mails
 * live people until an admin says so on the install.
 */
function environmentOf({ IsSandbox, OrganizationType, TrialExpirationDate }: Org): Environment {
  const trial = TrialExpirationDate !== null && TrialExpirationDate !== undefined;
  return IsSandbox || trial || OrganizationType === 'Developer Edition' ? 'test' : 'live';
}

/** The package's namespace, empty for its source deployed without one; null where it is not installed yet or cannot be seen, which `describe` tells in words. */
async function namespaceOf(get: (path: string) => Promise<HttpReply>): Promise<string | null> {
  const reply = await get(restPath('/sobjects'));
  const { data } = reply.status === 200 ? objectsSchema.safeParse(reply.body) : {};
  const found = data?.sobjects.map(({ name }) => OURS.exec(name)).find((match) => match !== null && match !== undefined);
  return found ? (found[1] ?? '') : null;
}

function read<T>(reply: HttpReply, schema: z.ZodType<T>): T {
  // Identity and user info answer a dead token with 403 and a word.
  if (reply.status === 403 && typeof reply.body === 'string' && reply.body.includes('_OAuth_Token')) throw new Problem('install.unauthorized');
  if (reply.status !== 200) throw replyProblem(reply);
  const parsed = schema.safeParse(reply.body);
  // The answer itself holds a person's name and address.
  if (!parsed.success) throw new Problem('vendor.odd-answer', { facts: { missing: parsed.error.issues.map(({ path }) => path.join('.')).join(' ') } });
  return parsed.data;
}
