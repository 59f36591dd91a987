/** What WCAG 2.2 AA asks of text. */
const TEXT_CONTRAST = 4.5;
/** The page's own grounds, light and dark. They are the same as in `capture.css`. */
const GROUNDS = { light: '#ffffff', dark: '#14181d' } as const;

/** Relative luminance as WCAG defines it. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = channels(colour).map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const channels = (colour: string): number[] => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));

/** The contrast of two colours, 1 to 21. */
export function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

/** Why a colour can't be a page's accent; null where it can. It stands as text on a white ground, and white text stands on it. */
export function accentFault(accent: string): string | null {
  const found = contrast(accent, GROUNDS.light);
  if (found >= TEXT_CONTRAST) return null;
  return `White on this colour has a contrast of ${found.toFixed(1)}; people need ${TEXT_CONTRAST} or more to read it. Take a darker one, such as ${darker(accent)}.`;
}

function darker(accent: string): string {
  let colour = accent;
  for (let step = 0; step < 100 && contrast(colour, GROUNDS.light) < TEXT_CONTRAST; step++) colour = mix(colour, '#000000', 0.06);
  return colour;
}

/** The accent as it is readable on the dark ground: lightened as far as it must be. */
export function accentOnDark(accent: string): string {
  let colour = accent;
  for (let step = 0; step < 100 && contrast(colour, GROUNDS.dark) < TEXT_CONTRAST; step++) colour = mix(colour, '#ffffff', 0.06);
  return colour;
}

function mix(colour: string, into: string, share: number): string {
  const target = channels(into);
  const mixed = channels(colour).map((channel, place) => Math.round(channel + ((target[place] ?? 0) - channel) * share));
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
}
