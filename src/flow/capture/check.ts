import type { CapturePage } from '#core/capture';
import { localesOf } from '#core/capture';
import { parseCapturePage, type CaptureFault } from '#core/capture-parse';
import { nearest } from '#core/mapping/nearest';
import { parseMapping } from '#core/mapping/parse';
import { writePath } from '#core/mapping/place';
import type { TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import { listTexts, type ConsentText } from '#store/consent-texts';
import { activeMappings } from '#store/mappings';
import type { Flow } from '#flow/flow';
import { accountsOf, type Accounts } from '#flow/rule-book';

type Path = (string | number)[];
type Report = (path: Path, say: string, level?: CaptureFault['level']) => void;

/** What is wrong with a page: in its text, with the wordings that it names, and with the account that takes its leads. All at once. */
export async function checkCapturePage(flow: Flow, tenant: TenantId, text: string): Promise<{ page: CapturePage | null; faults: CaptureFault[] }> {
  const parsed = parseCapturePage(text);
  if (!parsed.ok) return { page: null, faults: parsed.faults };
  const { page, at } = parsed;
  const faults: CaptureFault[] = [];
  const report: Report = (path, say, level = 'error') => void faults.push({ level, path: writePath(path), say, ...at(path) });
  checkTexts(page, await listTexts(flow.db, tenant), flow.clock.now(), report);
  const accounts = await accountsIn(flow, tenant, page, report);
  if (accounts) {
    checkPlace(page, accounts, report);
    await checkRule(flow, tenant, page, accounts, report);
  }
  return { page, faults: faults.sort((a, b) => a.line - b.line || a.column - b.column) };
}

/** Marketing consent is given freely: a page that demanded it would have none. */
function checkTexts(page: CapturePage, texts: readonly ConsentText[], now: number, report: Report): void {
  page.consents.forEach(({ text: name, required }, place) => {
    const path = ['consents', place, 'text'];
    const valid = texts.filter((one) => one.name === name && one.valid_from <= now);
    const [text] = valid;
    if (!text) {
      const names = new Set(texts.map((one) => one.name));
      const meant = nearest(name, names);
      return report(path, `There is no text named "${name}" in force.${meant === undefined ? ' Publish it first.' : ` Did you mean "${meant}"?`}`);
    }
    if (text.type === 'marketing' && required) report(['consents', place, 'required'], 'Consent to marketing has to be free, so it cannot be required.');
    for (const locale of localesOf(page))
      if (!valid.some((one) => one.locale === locale || one.locale === locale.split('-')[0]))
        report(path, `"${name}" is not published in "${locale}": visitors who read the page in it are shown the text in "${text.locale}".`, 'warning');
  });
}

async function accountsIn(flow: Flow, tenant: TenantId, page: CapturePage, report: Report): Promise<Accounts | null> {
  try {
    const accounts = await accountsOf(flow, flow.db, tenant, { vendor: page.crm.vendor });
    if (flow.vendors.get(accounts.crm.vendor)?.connector.crm?.intake) return accounts;
    report(['crm'], 'This CRM takes no leads from forms.');
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    report(['crm'], error.message);
  }
  return null;
}

function checkPlace({ crm: { deal }, fields }: CapturePage, { schema }: Accounts, report: Report): void {
  if (!schema) return;
  fields.more.forEach(({ writes }, place) => {
    const field = schema.fields.contact.find(({ name }) => name === writes);
    if (!field) report(['fields', 'more', place, 'writes'], `The contacts of the account have no field "${writes}".`);
    else if (!field.writable) report(['fields', 'more', place, 'writes'], `The field "${writes}" cannot be written.`);
  });
  if (!deal) return;
  const pipeline = schema.pipelines.find(({ id, label }) => id === deal.pipeline || label === deal.pipeline);
  if (!pipeline) return report(['crm', 'deal', 'pipeline'], `The account has no pipeline "${deal.pipeline}". It has: ${schema.pipelines.map(({ label }) => label).join(', ')}.`);
  if (!pipeline.stages.some(({ id, label }) => id === deal.stage || label === deal.stage))
    report(['crm', 'deal', 'stage'], `This pipeline has no stage "${deal.stage}". It has: ${pipeline.stages.map(({ label }) => label).join(', ')}.`);
}

async function checkRule(flow: Flow, tenant: TenantId, { then }: CapturePage, { crm }: Accounts, report: Report): Promise<void> {
  if (then === 'thanks') return;
  const path = ['then', 'sign', 'rule'];
  const parsed = parseMapping('send', (await activeMappings(flow.db, tenant, crm.vendor)).get('send')?.text ?? '');
  const rules = parsed.ok ? parsed.mapping.rules : [];
  const rule = rules.find(({ id }) => id === then.sign.rule);
  if (!rule) return report(path, `The send mapping has no rule "${then.sign.rule}". It has: ${rules.map(({ id }) => id).join(', ') || 'none'}.`);
  if (!rule.when.request) report(path, `The rule "${rule.id}" may not be requested. Set "request: true" under its "when".`);
}
