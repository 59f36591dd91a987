import type { Context } from 'hono';
import type { Clock } from '#lib/clock';
import type { Logger } from '#lib/log';
import type { Sealer } from '#lib/seal';
import type { Desk } from '#flow/desk';
import { Problem } from '#core/problem';
import type { Db } from '#store/database';
import type { Session } from '#store/sessions';
import type { BrakesNow, TenantView, Waiting } from '#store/view';

export interface Vendor {
  id: string;
  name: string;
  /** Whether the app registration is there, so that an account can be connected. */
  connectable: boolean;
  capabilities: string[];
  /** Whether the server holds a key with which an operator connects an account without anybody's consent page. */
  byKey?: boolean;
  /** Where its webhooks arrive: one address for all accounts, or one for each. */
  webhook?: 'app' | 'install';
  /** Where a person may choose to sign in, the first by default; none where there is one place. */
  logins?: { id: string; name: string }[];
  /** What a login of the account's own looks like, such as `*.my.salesforce.com`. */
  ownLogin?: string;
  /** Whether its cards sign with a key of the install. */
  cardKeys?: boolean;
  /** Whether it can tell changes as a stream. */
  listens?: boolean;
}

export interface Link {
  label: string;
  href: string;
}

export interface ConsoleOptions {
  db: Db;
  desk: Desk;
  clock: Clock;
  publicUrl: () => string;
  sandbox: boolean;
  vendors: Vendor[];
  sealer: Sealer;
  log: Logger;
  /** Pages of the sandbox world that a person needs beside the console. */
  sandboxLinks: Link[];
  /** Where the first steps happen in the sandbox world: the page to send from, and the one to sign at. */
  sandboxSteps?: { install: Link; send: Link; sign: Link };
}

export interface ConsoleEnv {
  Variables: {
    options: ConsoleOptions;
    /** Of the browser that asks; on pages that need none it may be absent. */
    session: Session | undefined;
    /** The tenant of a `/t/:tenant` page. */
    tenant: TenantView | undefined;
    waiting: Waiting | undefined;
    /** For operators: signed deliveries of any tenant that could not be read. */
    faulty: number | undefined;
    /** What is stopped and held in that tenant. */
    brakes: BrakesNow | undefined;
    /** On the pages of mappings: the connected CRMs, and the one that is meant; empty where there is none. */
    crms: string[];
    crm: string;
  };
}
export type ConsoleContext = Context<ConsoleEnv>;

/** The session of a page that cannot be reached without one. */
export function sessionIn(c: ConsoleContext): Session {
  const session = c.var.session;
  if (!session) throw new Problem('request.forbidden');
  return session;
}

/** The tenant of a page below `/t/:tenant`. */
export function tenantIn(c: ConsoleContext): TenantView {
  const tenant = c.var.tenant;
  if (!tenant) throw new Problem('request.not-found');
  return tenant;
}

export const isOperator = (c: ConsoleContext): boolean => c.var.session?.tenant === null;

/** An address below the tenant's part of the console. */
export const at = (c: ConsoleContext, path = ''): string => `/t/${tenantIn(c).id}${path}`;

export function vendorName(options: ConsoleOptions, id: string | null): string {
  return options.vendors.find((vendor) => vendor.id === id)?.name ?? id ?? 'the vendor';
}

/** A field of a form as text; empty where it was not sent. */
export async function formOf(c: ConsoleContext): Promise<Record<string, string>> {
  const body = await c.req.parseBody();
  return Object.fromEntries(Object.entries(body).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])));
}

/** Back to a page after something was done there; `said` names the sentence that the page then shows. */
export function back(c: ConsoleContext, path: string, said: string): Response {
  const url = new URL(path, 'http://page');
  url.searchParams.set('said', said);
  return c.redirect(`${url.pathname}${url.search}`, 303);
}
