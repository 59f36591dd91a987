import { Hono } from 'hono';
import { documentOf } from '#shared/sandbox/page.tsx';
import type { Desk } from '../desk.ts';
import type { SalesforceHandles } from '../handles.ts';
import { revokeAll } from '../oauth/grants.ts';
import { fieldOf } from '../org/definitions.ts';
import type { Visibility } from '../org/state.ts';
import { FAULT_NAMES, Setup, SWITCHES } from './setup.tsx';

type Form = Record<string, unknown>;
const MOST_CALLS = 10_000_000;
const LONGEST_PAUSE_MS = 60_000;

/** The Setup page and its forms. */
export function setupRoutes(desk: Desk, handles: SalesforceHandles): Hono {
  const pages = new Hono();
  const { state, troubles } = desk.org;
  const text = (form: Form, name: string): string => (typeof form[name] === 'string' ? form[name].trim() : '');
  const save = (part: string, work: (form: Form) => string | null): void => {
    pages.post(`/setup/${part}`, async (c) => {
      const fault = work(await c.req.parseBody());
      return c.redirect(`${desk.options.baseUrl()}/setup?said=${encodeURIComponent(fault ?? 'Saved.')}`, 303);
    });
  };
  const assigned = () => desk.org.permitted(desk.org.store.all('User').at(-1)?.id ?? '');

  pages.get('/setup', (c) => c.html(documentOf(<Setup desk={desk} said={c.req.query('said')?.slice(0, 300) ?? null} assigned={assigned()} />)));
  pages.post('/setup/revoke', (c) => {
    revokeAll(state);
    return c.redirect(`${desk.options.baseUrl()}/`, 303);
  });
  save('credential', (form) => {
    handles.setCardKey(text(form, 'key') || null);
    return null;
  });
  save('outbound', (form) => {
    const url = text(form, 'url');
    if (url !== '' && !URL.canParse(url)) return 'The endpoint must be a whole URL.';
    handles.setOutbound(url || null);
    return null;
  });
  save('package', (form) => {
    const namespace = text(form, 'namespace');
    if (namespace !== '' && !/^[A-Za-z][A-Za-z0-9]{0,14}$/.test(namespace)) return 'A namespace has up to 15 letters and digits.';
    handles.installPackage(form.installed !== undefined, namespace || null);
    handles.assignPermissionSet(form.assigned !== undefined);
    return null;
  });
  save('security', (form) => {
    const asked = (name: string, how: Visibility) =>
      text(form, name)
        .split(/[\s,]+/)
        .filter(Boolean)
        .map((field) => ({ field, how }));
    const all = [...asked('hidden', 'hidden'), ...asked('readonly', 'read-only')];
    const unknown = all.find(({ field }) => !fieldOf(...partsOf(field)));
    if (unknown) return `There is no field ${unknown.field}.`;
    state.fields = Object.fromEntries(all.map(({ field, how }) => [field, how]));
    return null;
  });
  save('rule', (form) => {
    const [object, field] = partsOf(text(form, 'field'));
    if (!fieldOf(object, field)) return `There is no field ${object}.${field}.`;
    handles.validationRule(form.active === undefined ? false : { object, field, value: text(form, 'value') || null, message: text(form, 'message') });
    return null;
  });
  save('limit', (form) => {
    handles.setUsage(within(form.used, MOST_CALLS), within(form.limit, MOST_CALLS));
    for (const name of SWITCHES) desk.moods[name] = form[name] !== undefined;
    return null;
  });
  save('faults', (form) => {
    const off = form.all === 'off';
    for (const name of FAULT_NAMES) desk.faults[name] = off ? 0 : within(form[name], 100) / 100;
    troubles.lockRate = off ? 0 : within(form.locks, 100) / 100;
    desk.faults.maxPauseMs = within(form.maxPauseMs, LONGEST_PAUSE_MS);
    return null;
  });
  return pages;
}

function partsOf(name: string): [object: string, field: string] {
  const [object = '', field = ''] = name.split('.');
  return [object, field];
}

function within(value: unknown, most: number): number {
  const number = Number(value);
  return Number.isFinite(number) ? Math.min(Math.max(number, 0), most) : 0;
}
