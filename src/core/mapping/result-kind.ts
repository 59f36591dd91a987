import type { ASTNode } from '@marcbachmann/cel-js';
import type { Issue } from './guard.ts';

/** What an expression gives, as far as can be told before it runs. */
export type ResultKind = 'text' | 'number' | 'bool' | 'empty' | 'unknown';

const KINDS: Record<string, ResultKind> = { string: 'text', double: 'number', int: 'number', bool: 'bool', null: 'empty', dyn: 'unknown' };
const WORDS: Record<ResultKind, string> = { text: 'a text', number: 'a number', bool: 'yes or no', empty: 'an empty value', unknown: 'anything' };

/** The kind for one of CEL's type names; undefined for a record or a list. */
export function resultKind(type: string): ResultKind | undefined {
  return KINDS[type.replace(/^dyn<(\w+)>$/, '$1')];
}

/** The library writes each node's type there when it checks; its declarations do not say so. */
type Checked = ASTNode & { checkedType?: { unwrappedType: { name: string } } };

const kindOf = (node: Checked): ResultKind => resultKind(node.checkedType?.unwrappedType.name ?? 'dyn') ?? 'unknown';
const isOpen = (kind: ResultKind): boolean => kind === 'unknown' || kind === 'empty';

/**
 * What CEL lets pass because a field may be empty, and what would fail on every record or mean nothing: a number as a condition, a text
 * with a minus sign, a number compared with a text.
 */
export function findMisfits(node: ASTNode): Issue[] {
  return [...children(node).flatMap(findMisfits), ...misfitsOf(node)];
}

function misfitsOf(node: ASTNode): Issue[] {
  switch (node.op) {
    case '==':
    case '!=': {
      const [left, right] = [kindOf(node.args[0]), kindOf(node.args[1])];
      return isOpen(left) || isOpen(right) || left === right ? [] : [{ say: `${capital(WORDS[left])} is never equal to ${WORDS[right]}.`, offset: node.start }];
    }
    case '&&':
    case '||':
      return node.args.flatMap((side) => expected('bool', side));
    case '?:':
      return expected('bool', node.args[0]);
    case '!_':
      return expected('bool', node.args);
    case '-_':
      return expected('number', node.args);
    case 'rcall':
      return ['contains', 'startsWith', 'endsWith'].includes(node.args[0]) ? expected('text', node.args[1]) : [];
    default:
      return [];
  }
}

function expected(wanted: ResultKind, node: ASTNode): Issue[] {
  const kind = kindOf(node);
  return isOpen(kind) || kind === wanted ? [] : [{ say: `Expected ${WORDS[wanted]}; this is ${WORDS[kind]}.`, offset: node.start }];
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function children(node: ASTNode): readonly ASTNode[] {
  const found: ASTNode[] = [];
  const collect = (args: unknown): void => {
    if (Array.isArray(args)) args.forEach(collect);
    else if (typeof args === 'object' && args !== null && 'op' in args) found.push(args as ASTNode);
  };
  collect(node.args);
  return found;
}
