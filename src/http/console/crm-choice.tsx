import type { MiddlewareHandler } from 'hono';
import { at, tenantIn, vendorName, type ConsoleContext, type ConsoleEnv } from './context.ts';
import { linkWith, oneOf } from './list.tsx';

/** Mappings are written for one CRM. Where a tenant has several the address names it; the first is meant where it does not. */
export const chooseCrm: MiddlewareHandler<ConsoleEnv> = async (c, next) => {
  const crms = await c.var.options.desk.crms(tenantIn(c).id);
  c.set('crms', crms);
  c.set('crm', oneOf(crms, c.req.query('crm')) ?? crms[0] ?? '');
  await next();
};

/** An address below the tenant's part of the console that stays with the CRM. */
export function atCrm(c: ConsoleContext, path: string): string {
  if (c.var.crms.length < 2) return at(c, path);
  const mark = path.indexOf('#');
  const [base, fragment] = mark < 0 ? [path, ''] : [path.slice(0, mark), path.slice(mark)];
  return at(c, `${base}${base.includes('?') ? '&' : '?'}crm=${c.var.crm}${fragment}`);
}

export function CrmTabs({ c }: { c: ConsoleContext }) {
  if (c.var.crms.length < 2) return null;
  return (
    <nav class="tabs" aria-label="CRM">
      {c.var.crms.map((crm) => (
        <a href={linkWith(c, { crm, before: null, deal: null, q: null })} aria-current={crm === c.var.crm ? 'true' : undefined}>
          {vendorName(c.var.options, crm)}
        </a>
      ))}
    </nav>
  );
}
