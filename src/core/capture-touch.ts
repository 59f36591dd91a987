import { CLICK_IDS, TOUCH_LIMITS, type TouchInput } from '#core/touch';

/** What campaigns hang on a link, by the name that a touchpoint has for it. */
const PARAMETERS = { source: 'utm_source', medium: 'utm_medium', campaign: 'utm_campaign', campaignId: 'utm_id', term: 'utm_term', content: 'utm_content' } as const;
/** Characters of one value that travel in a form; the ledger cuts them once more. */
const CARRIED = 300;

/** How a visitor came to a page, from its address and from where they say they come. Null where neither tells anything. */
export function touchOfVisit(url: URL, referrer: string | undefined, at: number): TouchInput | null {
  const value = (name: string) => url.searchParams.get(name)?.slice(0, CARRIED);
  const texts = Object.entries(PARAMETERS).flatMap(([name, parameter]) => {
    const found = value(parameter);
    return found ? [[name, found] as const] : [];
  });
  const clicks = CLICK_IDS.flatMap((name) => {
    const found = value(name);
    return found ? [[name, found] as const] : [];
  });
  const from = referrer !== undefined && URL.canParse(referrer) ? new URL(referrer) : null;
  const elsewhere = from !== null && from.origin !== url.origin ? `${from.origin}${from.pathname}`.slice(0, CARRIED) : null;
  if (texts.length + clicks.length === 0 && elsewhere === null) return null;
  return {
    at,
    ...Object.fromEntries(texts),
    ...(clicks.length > 0 ? { clickIds: Object.fromEntries(clicks) } : {}),
    ...(elsewhere === null ? {} : { referrer: elsewhere }),
    landingPage: `${url.origin}${url.pathname}`,
  };
}

/** Touchpoints that a form brought along, as many as are taken at once: the first and the latest. What is no list is nothing: nobody is lost for how they came. */
export function carriedTouches(text: string | undefined): unknown[] {
  try {
    const list: unknown = JSON.parse(text ?? '[]');
    if (!Array.isArray(list)) return [];
    const told: unknown[] = list;
    const most = TOUCH_LIMITS.atOnce - 1;
    return told.length <= most ? told : [...told.slice(0, 1), ...told.slice(1 - most)];
  } catch {
    return [];
  }
}
