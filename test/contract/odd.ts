import fc from 'fast-check';
import type { Json } from '#lib/json';

/** Names that every object has, letters that are none, times that never are: what a sender never means and a parser meets all the same. */
const ODD: fc.Arbitrary<Json> = fc.constantFrom<Json[]>(
  '__proto__',
  'constructor',
  'toString',
  '',
  ' ',
  '\u0000',
  '\ud800',
  '\udfff\ud800',
  'a'.repeat(5000),
  '%',
  '%zz',
  0,
  -1,
  1.5,
  1e300,
  -1e300,
  Number.MAX_SAFE_INTEGER + 2,
  true,
  null,
  [],
  {},
  [[]],
  { toString: 1 },
  '2026-02-31T25:61:61Z',
  '0001-01-01T00:00:00Z',
  '9'.repeat(400),
);

export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 }).map((units) => String.fromCharCode(...units)),
  fc.constantFrom('__proto__', 'constructor', 'toString', '\u0000', '\ud800'),
);
export const anyJson: fc.Arbitrary<Json> = fc.oneof(
  ODD,
  fc.jsonValue().map((value) => value as Json),
  anyText,
);

/** `value` with one of its parts, wherever it stands, replaced by something odd or taken away. */
export function mutated(value: Json): fc.Arbitrary<Json> {
  const paths = pathsOf(value);
  return fc.record({ path: fc.constantFrom(...paths), by: anyJson, drop: fc.boolean() }).map(({ path, by, drop }) => replaced(value, path, drop ? undefined : by) ?? null);
}

function pathsOf(value: Json): (string | number)[][] {
  if (value === null || typeof value !== 'object') return [[]];
  const members = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [[], ...members.flatMap(([name, member]) => pathsOf(member).map((rest) => [name, ...rest]))];
}

function replaced(value: Json, [head, ...rest]: (string | number)[], by: Json | undefined): Json | undefined {
  if (head === undefined) return by;
  if (Array.isArray(value)) return value.flatMap((member, index) => (index === head ? (replaced(member, rest, by) ?? []) : [member]));
  if (value === null || typeof value !== 'object') return by;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) => {
      const next = name === head ? replaced(member, rest, by) : member;
      return next === undefined ? [] : [[name, next]];
    }),
  );
}

/** XML with one of its tags or texts replaced by something odd, taken away, or said twice. */
export function mutatedXml(text: string): fc.Arbitrary<string> {
  const parts = text.match(/<[^>]*>|[^<]+/g) ?? [text];
  const odd = fc.oneof(
    anyText,
    fc.constantFrom('<', '</', '<a/>', '<!-- -->', '<![CDATA[', ']]>', '<?x y?>', '&', '&amp;', '&a;', '&#0;', '&#xd800;', '<a '.repeat(5000), 'a'.repeat(5000)),
  );
  return fc.record({ at: fc.nat(parts.length - 1), by: odd, how: fc.constantFrom('replace', 'drop', 'twice', 'before', 'cut') }).map(({ at, by, how }) => {
    const part = parts[at] ?? '';
    if (how === 'cut') return parts.slice(0, at).join('');
    const changed = { replace: by, drop: '', twice: part + part, before: by + part }[how];
    return [...parts.slice(0, at), changed, ...parts.slice(at + 1)].join('');
  });
}
