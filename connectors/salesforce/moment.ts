const FORM = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?)(Z|[+-]\d{2}:?\d{2})$/;

/** Milliseconds of a time as Salesforce writes it: `2026-03-01T10:00:00.000+0000` by REST, `…Z` by SOAP. Null where it is none. */
export function moment(text: unknown): number | null {
  const [, time, zone] = (typeof text === 'string' && FORM.exec(text)) || [];
  if (time === undefined || zone === undefined) return null;
  const ms = Date.parse(time + (zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone));
  return Number.isFinite(ms) ? ms : null;
}
