import type { Environment } from '@marcbachmann/cel-js';

type Arithmetic = (left: number, right: number) => number;
const ARITHMETIC: Record<string, Arithmetic> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
};
interface BinaryNode {
  left?: { checkedType?: { unwrappedType: { name: string } } };
  right?: { checkedType?: { unwrappedType: { name: string } } };
}

/**
 * What CEL leaves out and people expect. A field's number and a written whole number may be computed together; an empty value
 * is neither less nor greater than anything, and adds nothing to a text. Arithmetic on an empty number stays an error: a
 * contract must not go out with a total that silently took a blank for zero.
 */
export function registerOperators(environment: Environment): void {
  for (const [sign, compute] of Object.entries(ARITHMETIC)) {
    environment.registerOperator(`double ${sign} int: double`, (left: number, right: bigint) => compute(left, Number(right)));
    environment.registerOperator(`int ${sign} double: double`, (left: bigint, right: number) => compute(Number(left), right));
  }
  for (const sign of ['<', '<=', '>', '>=']) {
    for (const type of ['string', 'double', 'int']) {
      environment.registerOperator(`null ${sign} ${type}: bool`, () => false);
      environment.registerOperator(`${type} ${sign} null: bool`, () => false);
    }
    environment.registerOperator(`null ${sign} null: bool`, () => false);
  }
  environment.registerOperator('null + string: string', (_: null, right: string) => right);
  environment.registerOperator('string + null: string', (left: string) => left);
  const addEmpties = (_left: null, _right: null, node?: BinaryNode): string => {
    const types = [node?.left, node?.right].map((side) => side?.checkedType?.unwrappedType.name);
    if (types.includes('double') || types.includes('int')) throw new Error('an empty number cannot be added');
    return '';
  };
  environment.registerOperator('null + null: string', addEmpties);
}
