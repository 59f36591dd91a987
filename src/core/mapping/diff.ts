import type { AnyMapping } from './schema.ts';
import { writePath, type Path } from './place.ts';

/** One difference; null stands for what is not there. */
export interface Change {
  path: string;
  before: string | null;
  after: string | null;
}

/** What differs between two mappings of one kind. Rules are matched by their id, so moving one is told as a move and not as a rewrite. */
export function diffMappings(before: AnyMapping, after: AnyMapping): Change[] {
  const { rules: rulesBefore, ...restBefore } = before;
  const { rules: rulesAfter, ...restAfter } = after;
  const changes = compare(restBefore, restAfter, []);
  for (const rule of rulesBefore) {
    const other = rulesAfter.find(({ id }) => id === rule.id);
    changes.push(...compare(rule, other, ['rules', rule.id]));
  }
  for (const rule of rulesAfter) if (!rulesBefore.some(({ id }) => id === rule.id)) changes.push(...compare(undefined, rule, ['rules', rule.id]));
  return [
    ...changes,
    ...reordered(
      rulesBefore.map(({ id }) => id),
      rulesAfter.map(({ id }) => id),
    ),
  ];
}

/** As lines for a person: `~ rules.contract-sent.policies.expire: 30 → 14`. */
export function writeChanges(changes: readonly Change[]): string[] {
  return changes.map(({ path, before, after }) => {
    if (before === null) return `+ ${path}: ${after ?? ''}`;
    return after === null ? `- ${path}: ${before}` : `~ ${path}: ${before} → ${after}`;
  });
}

function compare(before: unknown, after: unknown, path: Path): Change[] {
  if (isBranch(before) && isBranch(after) && Array.isArray(before) === Array.isArray(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => compare(member(before, key), member(after, key), [...path, Array.isArray(before) ? Number(key) : key]));
  }
  const [was, is] = [write(before), write(after)];
  return was === is ? [] : [{ path: writePath(path), before: was, after: is }];
}

type Branch = Record<string, unknown> | unknown[];
const isBranch = (value: unknown): value is Branch => typeof value === 'object' && value !== null;
const member = (branch: Branch, key: string): unknown => (Object.hasOwn(branch, key) ? (branch as Record<string, unknown>)[key] : undefined);
const write = (value: unknown): string | null => (value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value));

/** The first rule that matches is followed, so their order is part of their meaning. */
function reordered(before: string[], after: string[]): Change[] {
  const kept = before.filter((id) => after.includes(id)).join(', ');
  const now = after.filter((id) => before.includes(id)).join(', ');
  return kept === now ? [] : [{ path: 'rules (order)', before: kept, after: now }];
}
