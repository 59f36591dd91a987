import { Hono } from 'hono';
import type { Org } from '../org/org.ts';
import type { Row } from '../org/state.ts';
import { bearerOf } from '../rest/serve.ts';
import { sessionOf } from './grants.ts';

/** Who a user of the org is to programs, and where the org is. */
export interface Identity {
  instanceUrl(): string;
  idUrl(userId: string): string;
  userOf(userId: string): Row['values'] | undefined;
  urls(): Record<string, string>;
}

export function identityOf({ state, store }: Org, baseUrl: () => string): Identity {
  const instanceUrl = () => baseUrl() + state.instance;
  return {
    instanceUrl,
    idUrl: (userId) => `${baseUrl()}/id/${state.orgId}/${userId}`,
    userOf: (userId) => store.find('User', userId)?.values,
    urls() {
      const at = `${instanceUrl()}/services/data/v{version}`;
      return { rest: `${at}/`, sobjects: `${at}/sobjects/`, query: `${at}/query/`, search: `${at}/search/`, custom_domain: instanceUrl() };
    },
  };
}

/** Whose token it is: OpenID's user info, and the identity URL. */
export function identityRoutes(org: Org, baseUrl: () => string): Hono {
  const api = new Hono();
  const { state, clock } = org;
  const { idUrl, userOf, urls } = identityOf(org, baseUrl);

  api.get('/services/oauth2/userinfo', (c) => {
    const grant = sessionOf(state, clock, bearerOf(c));
    if (!grant) return c.text('Bad_OAuth_Token', 403);
    const user = userOf(grant.userId);
    const about = { name: user?.Name, given_name: user?.FirstName, family_name: user?.LastName, preferred_username: user?.Username, email: user?.Email, email_verified: true };
    return c.json({ sub: idUrl(grant.userId), user_id: grant.userId, organization_id: state.orgId, ...about, zoneinfo: user?.TimeZoneSidKey, locale: 'en_GB', urls: urls() });
  });

  api.get('/id/:org/:user', (c) => {
    const token = bearerOf(c);
    if (token === '') return c.text('Missing_OAuth_Token', 403);
    const grant = sessionOf(state, clock, token);
    if (!grant) return c.text('Bad_OAuth_Token', 403);
    if (c.req.param('org') !== state.orgId) return c.text('Wrong_Org', 404);
    if (c.req.param('user') !== grant.userId) return c.text('Bad_Id', 404);
    const user = userOf(grant.userId);
    return c.json({
      id: idUrl(grant.userId),
      asserted_user: true,
      user_id: grant.userId,
      organization_id: state.orgId,
      username: user?.Username,
      nick_name: user?.FirstName,
      display_name: user?.Name,
      email: user?.Email,
      email_verified: true,
      first_name: user?.FirstName,
      last_name: user?.LastName,
      timezone: user?.TimeZoneSidKey,
      urls: urls(),
      active: user?.IsActive ?? false,
      user_type: 'STANDARD',
      language: 'en_GB',
      locale: 'en_GB',
      utcOffset: 0,
      last_modified_date: user?.LastModifiedDate,
    });
  });
  return api;
}
