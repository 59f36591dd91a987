import type { Environment } from '@marcbachmann/cel-js';
import { isBlank } from './values.ts';

/** Functions that CEL does not evaluate all arguments of. */
export const LAZY_FUNCTIONS: readonly string[] = ['IF', 'coalesce', 'BLANKVALUE'];

interface Macro {
  args: unknown[];
}
interface Checker {
  check(node: unknown, context: unknown): { unwrappedType: { name: string } };
  getType(name: string): unknown;
  createError(code: string, message: string, node: unknown): Error;
}
interface Evaluator {
  run(node: unknown, context: unknown): unknown;
}

/** `IF` and `coalesce` evaluate only what they need, so a branch not taken cannot fail. CEL calls such functions macros. */
export function registerLazyFunctions(environment: Environment): void {
  const register = (name: string, count: number, firstResult: number, evaluate: (evaluator: Evaluator, macro: Macro, context: unknown) => unknown): void => {
    const parameters = Array.from({ length: count }, () => 'ast').join(', ');
    const typeCheck = (checker: Checker, macro: Macro, context: unknown): unknown => {
      const types = macro.args.map((arg) => checker.check(arg, context).unwrappedType.name);
      if (firstResult === 1 && types[0] !== 'bool' && types[0] !== 'dyn') throw checker.createError('invalid_condition', `${name} needs a condition first`, macro.args[0]);
      return checker.getType(
        commonType(types.slice(firstResult)) ?? raise(checker.createError('mixed_results', `${name} must give the same kind of value in each case`, macro.args[0])),
      );
    };
    environment.registerFunction(`${name}(${parameters}): dyn`, ({ args }: Macro) => ({ args, async: false, typeCheck, evaluate }), { async: false });
  };
  register('IF', 3, 1, (evaluator, macro, context) => evaluator.run(macro.args[evaluator.run(macro.args[0], context) === true ? 1 : 2], context));
  for (const name of ['coalesce', 'BLANKVALUE']) {
    for (const count of [2, 3, 4, 5, 6]) {
      register(name, count, 0, (evaluator, macro, context) => {
        for (const arg of macro.args) {
          const value = evaluator.run(arg, context);
          if (value !== null && !(typeof value === 'string' && isBlank(value))) return value;
        }
        return null;
      });
    }
  }
}

/** One type for several results; undefined where they cannot meet. A number may turn out to be either of CEL's two sorts. */
function commonType(types: string[]): string | undefined {
  const known = new Set(types.filter((type) => type !== 'null' && type !== 'dyn'));
  if (types.includes('dyn') || known.size === 0) return 'dyn';
  if (known.size === 1) return `dyn<${[...known].join('')}>`;
  return [...known].every((type) => type === 'int' || type === 'double') ? 'dyn<double>' : undefined;
}

function raise(error: Error): never {
  throw error;
}
