import { Problem } from '#core/problem';
import type { Template } from '#core/records';
import type { Call } from '#ports/call';
import { ask, bodyOf } from './client.ts';
import { FILLABLE_TABS, PASSIVE_KINDS, SIGNING_KINDS, templateListShape, templateShape, type FillableTabs, type WireTemplate } from './wire.ts';

/** The list does not tell the tabs, so each template costs a call of its own: the most recently changed ones are read, and no more than these. */
const MOST_TEMPLATES = 100;

export async function listTemplates(call: Call): Promise<Template[]> {
  const query = { count: String(MOST_TEMPLATES), order_by: 'modified', order: 'desc' };
  const { envelopeTemplates } = bodyOf(await ask(call, { method: 'GET', path: '/templates', query }), templateListShape);
  const read = await Promise.all(envelopeTemplates.slice(0, MOST_TEMPLATES).map(({ templateId }) => readIfThere(call, templateId)));
  return read.flatMap((template) => (template ? [toTemplate(template)] : []));
}

export async function readTemplate(call: Call, id: string): Promise<WireTemplate> {
  const path = `/templates/${encodeURIComponent(id)}`;
  return bodyOf(await ask(call, { method: 'GET', path, query: { include: 'recipients,tabs' } }), templateShape);
}

/** A template that was deleted since the list was made is left out. */
async function readIfThere(call: Call, id: string): Promise<WireTemplate | null> {
  try {
    return await readTemplate(call, id);
  } catch (thrown) {
    if (thrown instanceof Problem && thrown.code === 'vendor.not-found') return null;
    throw thrown;
  }
}

export interface TemplateRole {
  name: string;
  order: number;
  /** `open`: the signer may write over it, which is so unless a tab is locked. */
  tabs: { label: string; kind: FillableTabs; open: boolean }[];
  boxes: string[];
}

export function rolesOf(template: WireTemplate): TemplateRole[] {
  const lists = template.recipients;
  if (!lists) return [];
  return [...SIGNING_KINDS, ...PASSIVE_KINDS]
    .flatMap((kind) => lists[kind])
    .filter(({ roleName }) => roleName)
    .map(({ roleName, routingOrder, tabs }) => ({
      name: roleName ?? '',
      order: Number(routingOrder ?? '1') || 1,
      tabs: FILLABLE_TABS.flatMap((kind) => (tabs?.[kind] ?? []).flatMap(({ tabLabel, locked }) => (tabLabel ? [{ label: tabLabel, kind, open: locked !== 'true' }] : []))),
      boxes: (tabs?.checkboxTabs ?? []).flatMap(({ tabLabel }) => tabLabel ?? []),
    }))
    .sort((a, b) => a.order - b.order);
}

function toTemplate(template: WireTemplate): Template {
  const roles = rolesOf(template);
  const boxes = roles.flatMap((role) => [...new Set(role.boxes)].map((label) => ({ label, role: role.name })));
  return {
    id: template.templateId ?? '',
    name: template.name ?? '',
    roles: roles.map(({ name, order }) => ({ name, order })),
    fields: roles.flatMap(({ name, tabs }) => [...new Set(tabs.map(({ label }) => label))].map((label) => fieldOf(name, label, tabs))),
    ...(boxes.length > 0 ? { checkboxes: boxes } : {}),
  };
}

/** Tabs of one label have one value, so a single one that the signer may write over opens them all. */
function fieldOf(role: string, label: string, tabs: TemplateRole['tabs']): Template['fields'][number] {
  return tabs.some((tab) => tab.label === label && tab.open) ? { label, role, open: true } : { label, role };
}
