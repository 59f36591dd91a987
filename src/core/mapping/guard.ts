import type { ASTNode } from '@marcbachmann/cel-js';
import { DATE_STYLES } from './dates.ts';
import { FUNCTIONS, LIST_FUNCTIONS, TEXT_METHODS } from './functions.ts';
import type { FieldKinds, Language, Shape } from './language.ts';
import { nearest } from './nearest.ts';

/** Something wrong in an expression; `offset` is its place in the text, from 0. */
export interface Issue {
  say: string;
  offset: number;
  suggestion?: string;
}
export interface Inspection {
  issues: Issue[];
  /** What is read, such as `deal.amount` or `lines.name`. */
  reads: Set<string>;
  /** List variables that are read. */
  lists: Set<string>;
}

const COMPREHENSIONS: readonly string[] = ['map', 'filter', 'all', 'exists', 'exists_one'];
const INSTEAD: Record<string, string> = {
  matches: 'Regular expressions are not allowed, because some never end. Use contains, startsWith or endsWith.',
  has: 'An absent field is simply empty here. Use isBlank.',
  join: 'Write join(list, ", ").',
};
interface Name {
  /** The variable that it stands for, itself or as one item of it. */
  variable: string;
  /** Absent for a single value, such as an item of a list of texts. */
  shape?: Shape;
}
type Scope = ReadonlyMap<string, Name>;
/** Where a list may stand: lists are for counting, filtering, joining and searching, and are never values themselves. */
type Place = 'value' | 'list';

/**
 * Allows what is known to be harmless and refuses the rest of CEL. Every name is checked, all faults at once. Two rules bound the work of an
 * expression: loops do not nest, and lists are never added or nested; with the limits on nodes and items it is then some 60,000 steps at most.
 */
export function inspect(ast: ASTNode, language: Language): Inspection {
  const found: Inspection = { issues: [], reads: new Set(), lists: new Set() };
  const scope: Scope = new Map(Object.entries(language.shapes).map(([variable, shape]) => [variable, { variable, shape }]));
  new Walk(found).visit(ast, scope, 'value', false);
  return found;
}

class Walk {
  readonly #found: Inspection;
  constructor(found: Inspection) {
    this.#found = found;
  }

  #fault(node: ASTNode, say: string, suggestion?: string): void {
    this.#found.issues.push({ say, offset: node.start, ...(suggestion === undefined ? {} : { suggestion }) });
  }

  #all(nodes: readonly ASTNode[], scope: Scope, looping: boolean): void {
    for (const node of nodes) this.visit(node, scope, 'value', looping);
  }

  visit(node: ASTNode, scope: Scope, place: Place, looping: boolean): void {
    switch (node.op) {
      case 'value':
        if (typeof node.args === 'object' && node.args !== null) this.#fault(node, 'Bytes and unsigned numbers are not used here.');
        return;
      case 'id':
        return this.#name(node, node.args, scope, place);
      case '.':
        return this.#field(node, node.args[0], node.args[1], scope, looping);
      case '[]':
        return this.#index(node, node.args[0], node.args[1], scope, looping);
      case 'call':
        return this.#call(node, node.args[0], node.args[1], scope, looping);
      case 'rcall':
        return this.#method(node, node.args[0], node.args[1], node.args[2], scope, place, looping);
      case 'list':
        if (place !== 'list') this.#fault(node, 'A list is not a value. Join it, count it, or search it with "in".');
        return this.#all(node.args, scope, looping);
      case 'in':
        this.visit(node.args[0], scope, 'value', looping);
        return this.visit(node.args[1], scope, 'list', looping);
      case 'map':
      case '.?':
      case '[?]':
        return this.#fault(node, 'Maps and optional access are not used here.');
      default:
        return this.#all([node.args].flat(), scope, looping);
    }
  }

  #name(node: ASTNode, name: string, scope: Scope, place: Place): void {
    const known = scope.get(name);
    if (!known) {
      const near = nearest(name, scope.keys());
      this.#fault(node, `There is no "${name}" here. A text of its own needs quotes: "${name}".`, near ?? `"${name}"`);
      return;
    }
    if (!known.shape) return;
    if ('one' in known.shape) return this.#fault(node, `"${name}" is a whole record. Name one of its fields, such as ${name}.id.`);
    this.#found.lists.add(known.variable);
    if (place !== 'list') this.#fault(node, `"${name}" is a list. Join it, count it, or pick one item such as ${name}[0].`);
  }

  #field(node: ASTNode, receiver: ASTNode, field: string, scope: Scope, looping: boolean): void {
    const record = shapeOf(receiver, scope);
    if (!record?.shape || !('one' in record.shape)) return this.visit(receiver, scope, 'value', looping);
    if (receiver.op !== 'id') this.visit(receiver, scope, 'value', looping);
    this.#found.reads.add(`${record.variable}.${field}`);
    const fields: FieldKinds = record.shape.one;
    if (fields === null || Object.hasOwn(fields, field)) return;
    const near = nearest(field, Object.keys(fields));
    this.#fault(node, `"${record.variable}" has no field "${field}".`, near);
  }

  #index(node: ASTNode, receiver: ASTNode, key: ASTNode, scope: Scope, looping: boolean): void {
    const record = shapeOf(receiver, scope);
    if (record?.shape && 'one' in record.shape) {
      if (key.op === 'value' && typeof key.args === 'string') return this.#field(node, receiver, key.args, scope, looping);
      return this.#fault(node, 'The name of a field must be written out, so that it can be checked.');
    }
    this.visit(receiver, scope, 'list', looping);
    this.visit(key, scope, 'value', looping);
  }

  #call(node: ASTNode, name: string, args: readonly ASTNode[], scope: Scope, looping: boolean): void {
    if (!FUNCTIONS.includes(name)) return this.#unknown(node, name, FUNCTIONS);
    const [first, ...rest] = args;
    if (first) this.visit(first, scope, LIST_FUNCTIONS.includes(name) ? 'list' : 'value', looping);
    this.#all(rest, scope, looping);
    const style = name === 'date' ? rest[0] : undefined;
    if (style?.op !== 'value' || typeof style.args !== 'string' || DATE_STYLES.includes(style.args)) return;
    this.#fault(style, `There is no date style "${style.args}". Say ${DATE_STYLES.join(', ')}.`, nearest(style.args, DATE_STYLES));
  }

  #method(node: ASTNode, name: string, receiver: ASTNode, args: readonly ASTNode[], scope: Scope, place: Place, looping: boolean): void {
    if (COMPREHENSIONS.includes(name)) return this.#loop(node, name, receiver, args, scope, place, looping);
    if (name === 'size') return this.visit(receiver, scope, 'list', looping);
    if (!TEXT_METHODS.includes(name)) return this.#unknown(node, name, [...TEXT_METHODS, ...COMPREHENSIONS]);
    this.visit(receiver, scope, 'value', looping);
    this.#all(args, scope, looping);
  }

  #loop(node: ASTNode, name: string, receiver: ASTNode, [item, ...body]: readonly ASTNode[], scope: Scope, place: Place, looping: boolean): void {
    if (looping) return this.#fault(node, `A loop (${name}) inside a loop is not allowed.`);
    if (place !== 'list' && (name === 'map' || name === 'filter')) this.#fault(node, `${name} gives a list. Wrap it in join(…, ", "), sum(…) or size(…).`);
    this.visit(receiver, scope, 'list', looping);
    if (item?.op !== 'id') return;
    const inner = new Map(scope);
    const list = shapeOf(receiver, scope);
    inner.set(item.args, itemOf(list) ?? { variable: item.args });
    this.#all(body, inner, true);
  }

  #unknown(node: ASTNode, name: string, names: readonly string[]): void {
    const instead = Object.hasOwn(INSTEAD, name) ? INSTEAD[name] : undefined;
    this.#fault(node, instead ?? `There is no function "${name}".`, instead === undefined ? nearest(name, names) : undefined);
  }
}

/** What a receiver is, as far as it is a record or a list that fields can be read from. */
function shapeOf(node: ASTNode, scope: Scope): Name | undefined {
  if (node.op === 'id') return scope.get(node.args);
  if (node.op === '[]') return itemOf(shapeOf(node.args[0], scope));
  if (node.op === 'rcall' && node.args[0] === 'filter') return shapeOf(node.args[1], scope);
  return undefined;
}

function itemOf(list: Name | undefined): Name | undefined {
  return list?.shape && 'many' in list.shape ? { variable: list.variable, shape: { one: list.shape.many } } : undefined;
}
