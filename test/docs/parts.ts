import { PROBLEMS, type ProblemCode } from '#core/problem';
import { AREAS, PACKAGE_OWNERS } from '../tidy/imports.ts';
import { ADVICE, REMEDIES } from './advice.ts';
import { renderEvents, renderSchema } from './events.ts';
import { renderLattice } from './lattice.ts';

/** A page with parts that are drawn from the code. `render` gives the page with its parts as they must be. */
export interface Document {
  path: string;
  render: (page: string) => string;
}

const list = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ') || 'nobody';

function renderImports(): string {
  const areas = AREAS.map(({ name, may, typesOf, why }) => `| \`${name}\` | ${list(may)} | ${typesOf.length > 0 ? list(typesOf) : ''} | ${why} |`);
  const owners = PACKAGE_OWNERS.map(({ packages, areas: owned, why }) => `| ${list(packages)} | ${list(owned)} | ${why} |`);
  return [
    '| area | imports | only types of | why |',
    '| --- | --- | --- | --- |',
    ...areas,
    '',
    'Packages that are used in one place only:',
    '',
    '| package | belongs to | why |',
    '| --- | --- | --- |',
    ...owners,
  ].join('\n');
}

function renderRemedies(): string {
  return ['| remedy | what happens next |', '| --- | --- |', ...Object.entries(REMEDIES).map(([remedy, say]) => `| \`${remedy}\` | ${say} |`)].join('\n');
}

function renderProblems(): string {
  const rows = (Object.keys(PROBLEMS) as ProblemCode[]).map((code) => `| \`${code}\` | ${PROBLEMS[code][0]} | ${PROBLEMS[code][1]} | ${ADVICE[code]} |`);
  return ['| code | remedy | what people read | what to do |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** Replaces what stands between the two marks of `part`. @throws Error where the page has no such marks */
function place(page: string, part: string, text: string): string {
  const begin = `<!-- begin: ${part}, made by npm run docs -->`;
  const end = `<!-- end: ${part} -->`;
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`No place for "${part}": the page needs ${begin} and ${end}.`);
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`;
}

export const documents: readonly Document[] = [
  { path: 'docs/architecture.md', render: (page) => place(place(page, 'lattice', renderLattice()), 'imports', renderImports()) },
  { path: 'docs/events.md', render: (page) => place(page, 'events', renderEvents()) },
  { path: 'docs/events.schema.json', render: renderSchema },
  { path: 'docs/errors.md', render: (page) => place(place(page, 'remedies', renderRemedies()), 'problems', renderProblems()) },
];
