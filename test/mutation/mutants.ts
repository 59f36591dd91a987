import ts from 'typescript';

/** One small fault: `text` in the place of what stands from `start` to `end`. */
export interface Mutant {
  line: number;
  start: number;
  end: number;
  text: string;
  /** What is other than it was. */
  say: string;
}
type Change = [node: ts.Node, text: string, say?: string];

const SWAPPED = new Map<ts.SyntaxKind, string>([
  [ts.SyntaxKind.LessThanToken, '<='],
  [ts.SyntaxKind.LessThanEqualsToken, '<'],
  [ts.SyntaxKind.GreaterThanToken, '>='],
  [ts.SyntaxKind.GreaterThanEqualsToken, '>'],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, '!=='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, '==='],
  [ts.SyntaxKind.AmpersandAmpersandToken, '||'],
  [ts.SyntaxKind.BarBarToken, '&&'],
  [ts.SyntaxKind.PlusToken, '-'],
  [ts.SyntaxKind.MinusToken, '+'],
  [ts.SyntaxKind.AsteriskToken, '/'],
  [ts.SyntaxKind.SlashToken, '*'],
  [ts.SyntaxKind.PlusEqualsToken, '-='],
]);
const SWAPPED_NAMES = new Map([
  ['every', 'some'],
  ['some', 'every'],
  ['min', 'max'],
  ['max', 'min'],
]);
/** Steps of a chain that may be left out; of a query above all its conditions. */
const DROPPED_STEPS = new Set(['filter', 'sort', 'slice', 'trim', 'toLowerCase', 'toUpperCase', 'where', 'orderBy', 'limit', 'onConflict', 'forUpdate', 'skipLocked']);

/** Every small fault that a module of this text can have. Types, imports and sentences for people stay as they are. */
export function mutantsOf(path: string, source: string): Mutant[] {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  const mutants: Mutant[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) || ts.isImportDeclaration(node)) return;
    for (const change of changesOf(node)) mutants.push(mutantOf(file, change));
    ts.forEachChild(node, visit);
  };
  visit(file);
  return mutants;
}

function mutantOf(file: ts.SourceFile, [node, text, say]: Change): Mutant {
  const start = node.getStart(file);
  const end = node.getEnd();
  const short = (long: string) => long.replace(/\s+/g, ' ').slice(0, 70);
  const parent = ts.isToken(node) && !ts.isExpression(node) ? short(node.parent.getText(file)) : short(node.getText(file));
  return { line: file.getLineAndCharacterOfPosition(start).line + 1, start, end, text, say: say ?? `${parent}  ->  ${short(text)}` };
}

function changesOf(node: ts.Node): Change[] {
  return [...conditionChanges(node), ...operatorChanges(node), ...valueChanges(node), ...statementChanges(node), ...chainChanges(node), ...partChanges(node)];
}

/** A condition that always or never holds. Of a loop only never: always would not end. */
function conditionChanges(node: ts.Node): Change[] {
  if (ts.isIfStatement(node)) return [...always(node.expression)];
  if (ts.isConditionalExpression(node)) return always(node.condition);
  if (ts.isWhileStatement(node)) return [[node.expression, 'false']];
  if (ts.isForStatement(node) && node.condition) return [[node.condition, 'false']];
  return [];
}
const always = (condition: ts.Expression): Change[] => [
  [condition, 'true'],
  [condition, 'false'],
];

function operatorChanges(node: ts.Node): Change[] {
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) return [[node, node.operand.getText()]];
  if (!ts.isBinaryExpression(node)) return [];
  const swapped = SWAPPED.get(node.operatorToken.kind);
  if (swapped !== undefined) return [[node.operatorToken, swapped]];
  if (node.operatorToken.kind !== ts.SyntaxKind.QuestionQuestionToken) return [];
  return [
    [node, `(${node.left.getText()})`],
    [node, `(${node.right.getText()})`],
  ];
}

function valueChanges(node: ts.Node): Change[] {
  if (ts.isNumericLiteral(node)) return [[node, `(${node.getText()} + 1)`]];
  if (node.kind === ts.SyntaxKind.TrueKeyword) return [[node, 'false']];
  if (node.kind === ts.SyntaxKind.FalseKeyword) return [[node, 'true']];
  return [];
}

function statementChanges(node: ts.Node): Change[] {
  if (ts.isExpressionStatement(node) || ts.isContinueStatement(node) || ts.isBreakStatement(node) || ts.isThrowStatement(node))
    return [[node, ';', `without ${node.getText().replace(/\s+/g, ' ').slice(0, 70)}`]];
  return [];
}

function chainChanges(node: ts.Node): Change[] {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return [];
  const { name, expression } = node.expression;
  const swapped = SWAPPED_NAMES.get(name.text);
  if (swapped !== undefined) return [[name, swapped]];
  return DROPPED_STEPS.has(name.text)
    ? [
        [
          node,
          expression.getText(),
          `without .${name.text}(${node.arguments
            .map((one) => one.getText())
            .join(', ')
            .slice(0, 50)})`,
        ],
      ]
    : [];
}

/** A part less: of a list, or of a text that is no sentence, such as a key. */
function partChanges(node: ts.Node): Change[] {
  if (ts.isArrayLiteralExpression(node) && !ts.isBinaryExpression(node.parent))
    return node.elements.map((element, place) => [node, listWithout(node, place), `list without ${element.getText().slice(0, 50)}`]);
  if (!ts.isTemplateExpression(node)) return [];
  const told = [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('');
  return told.includes(' ') ? [] : node.templateSpans.map(({ expression }) => [expression, "''", `text without ${expression.getText().slice(0, 50)}`]);
}
const listWithout = (list: ts.ArrayLiteralExpression, place: number): string =>
  `[${list.elements
    .filter((_, at) => at !== place)
    .map((element) => element.getText())
    .join(', ')}]`;
