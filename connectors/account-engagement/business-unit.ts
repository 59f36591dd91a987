import * as z from 'zod';
import { Problem } from '#core/problem';
import type { TokenHttp } from '#ports/auth';
import type { HttpReply } from '#ports/call';
import { problemOf } from './problem.ts';

const ID = /^0Uv[A-Za-z0-9]{15}$/;
const MOST = 10;
/** `PardotTenant` is an object of the Tooling API since 56.0. */
const VERSION = '60.0';
const TENANTS = 'SELECT Id, PardotTenantName FROM PardotTenant LIMIT 50';

export interface BusinessUnit {
  id: string;
  name: string | null;
}
interface Ground {
  http: TokenHttp;
  authorization: string;
  /** Root of Account Engagement's host. */
  baseUrl: string;
  /** Template of the org's REST address, with `{version}`; null where Salesforce named none. */
  rest: string | null;
  /** Ids from configuration, separated by commas. */
  configured: string;
}

/**
 * The business unit that the signed-in user stands for: the one that is configured, or else the only one of the org that lets the user in. Each candidate is
 * tried with a call that the connector needs anyway. @throws Problem `vendor.rejected`, which names the ids to choose from, where there is not exactly one
 */
export async function chooseBusinessUnit(ground: Ground): Promise<BusinessUnit> {
  const named = ground.configured
    .split(',')
    .map((id) => id.trim())
    .filter(Boolean);
  const odd = named.find((id) => !ID.test(id));
  if (odd !== undefined)
    throw new Problem('vendor.rejected', { say: 'The configured business unit is none: its id begins with 0Uv and has 18 characters.', facts: { businessUnit: odd } });
  const candidates = candidatesFrom(named, await listed(ground));
  if (candidates.length === 0) throw new Problem('vendor.rejected', { say: NONE_LISTED });
  const open: BusinessUnit[] = [];
  const refusals: Problem[] = [];
  for (const unit of candidates) {
    const refused = await refusalAt(ground, unit.id);
    if (refused) refusals.push(refused);
    else open.push(unit);
  }
  const [only, ...others] = open;
  if (only && others.length === 0) return only;
  if (only)
    throw new Problem('vendor.rejected', {
      say: `The user may act for several business units (${open.map(({ id }) => id).join(', ')}). Configure the one that is meant, then connect again.`,
    });
  throw refusals[0] ?? new Problem('vendor.rejected', { say: NONE_LISTED });
}
const NONE_LISTED =
  'Salesforce does not tell the business units of this org to this user. Copy the id from Setup > Business Unit Setup (it begins with 0Uv) into the configuration, then connect again.';

/** A server for several orgs names a unit of each: those of this org are the ones that it lists. */
function candidatesFrom(named: string[], tenants: BusinessUnit[]): BusinessUnit[] {
  if (named.length === 0) return tenants.slice(0, MOST);
  const here = tenants.filter(({ id }) => named.includes(id));
  return here.length > 0 ? here : named.slice(0, MOST).map((id) => ({ id, name: null }));
}

const tenantsShape = z.object({ records: z.array(z.object({ Id: z.string(), PardotTenantName: z.string().nullish() })) });
/** What the org lists; nothing where the user may not look. @throws Problem where it only failed this time */
async function listed({ http, authorization, rest }: Ground): Promise<BusinessUnit[]> {
  if (rest === null) return [];
  const url = `${rest.replace('{version}', VERSION)}tooling/query?${new URLSearchParams({ q: TENANTS })}`;
  const reply = await http({ method: 'GET', url, headers: { authorization } }).catch(unlessRefusedHost);
  if (reply === null) return [];
  if (reply.status === 429 || reply.status >= 500) throw problemOf(reply);
  const parsed = tenantsShape.safeParse(reply.body);
  const records = reply.status === 200 && parsed.success ? parsed.data.records : [];
  return records.filter(({ Id }) => ID.test(Id)).map(({ Id, PardotTenantName }) => ({ id: Id, name: PardotTenantName ?? null }));
}
/** An org at an address that we do not call is one whose units have to be configured. */
function unlessRefusedHost(error: unknown): null {
  if (error instanceof Problem && error.code === 'host.refused') return null;
  throw error;
}

/** Why the user may not act for that unit; null where they may. @throws Problem where it only failed this time */
async function refusalAt({ http, authorization, baseUrl }: Ground, id: string): Promise<Problem | null> {
  const headers = { authorization, 'pardot-business-unit-id': id };
  const reply: HttpReply = await http({ method: 'GET', url: `${baseUrl}/api/v5/objects/lists?fields=id&limit=1`, headers });
  if (reply.status >= 200 && reply.status < 300) return null;
  const problem = problemOf(reply);
  if (problem.remedy === 'retry') throw problem;
  return problem;
}
