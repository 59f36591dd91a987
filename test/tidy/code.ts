import ts from 'typescript';
import type { FileRule } from './project.ts';
import { matchesOf, place, placesOf } from './project.ts';
import { findNodes, isMember, parse, visit } from './syntax.ts';

const MAX_LINES = 300;
const EMPTY_NAMES = /^(utils?|helpers?|types?|constants?|managers?|common|misc|stuff)(\.|$)/;

/** Words that promise work instead of doing it; split, so that this line does not name them. */
const PROMISES = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`, 'g');
const CHECKER_OFF = new RegExp(`@ts-(${['ignore', 'nocheck', 'expect-error'].join('|')})`, 'g');
const LINT_OFF = /eslint-disable(?![^\n]*--)[^\n]*/g;

export const nameFaults: FileRule = ({ path }) => {
  const name = path.split('/').at(-1) ?? path;
  if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.(test|bench|d|config))?\.tsx?$/.test(name)) return [`${path} is not in kebab-case`];
  return EMPTY_NAMES.test(name) ? [`${path} says nothing of what is in it`] : [];
};

export const sizeFaults: FileRule = ({ path, text }) => {
  const lines = text.split('\n').length - 1;
  return lines > MAX_LINES ? [`${path} has ${lines} lines; ${MAX_LINES} is the ceiling`] : [];
};

export const exportFaults: FileRule = (source) =>
  findNodes(
    source,
    (node) => ts.isExportAssignment(node) || (ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword)),
  );

export const anyFaults: FileRule = (source) => findNodes(source, (node) => node.kind === ts.SyntaxKind.AnyKeyword);

export const bangFaults: FileRule = (source) =>
  findNodes(source, (node) => ts.isNonNullExpression(node) || ((ts.isVariableDeclaration(node) || ts.isPropertyDeclaration(node)) && node.exclamationToken !== undefined));

/** A vendor's own word inside a text is data, so string literals do not count. */
export const promiseFaults: FileRule = (source) => {
  const file = parse(source);
  const texts: ts.Node[] = [];
  visit(file, (node) => void (ts.isStringLiteralLike(node) && texts.push(node)));
  return matchesOf(source, PROMISES).flatMap(({ index, at }) => (texts.some((node) => node.pos <= index && index < node.end) ? [] : at));
};

/** The compiler is never told to look away; the linter only with a reason after `--`. */
export const silencedFaults: FileRule = (source) => [...placesOf(source, CHECKER_OFF), ...placesOf(source, LINT_OFF)];

/** Tests that do not run, or keep the others from running. */
export const idleTestFaults: FileRule = (source) => findNodes(source, (node) => isMember(node, /^(it|test|describe|suite)$/, /^(skip|only|todo|skipIf|runIf|fails)$/));

/** The core gets time and chance as inputs, so that the same facts give the same decision. */
export const impureFaults: FileRule = (source) =>
  findNodes(
    source,
    (node) =>
      isMember(node, /^Date$/, /^now$/) ||
      isMember(node, /^Math$/, /^random$/) ||
      isMember(node, /^process$/, /./) ||
      (ts.isNewExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'Date' && (node.arguments?.length ?? 0) === 0) ||
      (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && /^(fetch|setTimeout|setInterval|setImmediate)$/.test(node.expression.text)),
  );

/** Secrets and signatures are compared by `sameText`, in constant time: `===` on one tells how much of it was right. */
export const leakyCompareFaults: FileRule = (source) => {
  const file = parse(source);
  return findNodes(
    source,
    (node) =>
      ts.isBinaryExpression(node) &&
      /^[!=]==$/.test(node.operatorToken.getText(file)) &&
      [node.left, node.right].every((side) => !ts.isStringLiteralLike(side) && !/^(undefined|null|\d+|true|false)$/.test(side.getText(file)) && !ts.isTypeOfExpression(side)) &&
      [node.left, node.right].some((side) => /(^|\.)(\w*(secret|signature|password)|hmac\w*)(\(|$)/i.test(side.getText(file))),
  );
};

const isCallOf = (node: ts.Node, name: RegExp): node is ts.CallExpression => ts.isCallExpression(node) && name.test(node.expression.getText());

/** Whether all of `node` runs inside a transaction: it is handed to one, or takes one. */
function inTransaction(node: ts.Node): boolean {
  if (!ts.isFunctionLike(node)) return false;
  if (node.parameters.some(({ type }) => type?.getText() === 'Tx')) return true;
  return isCallOf(node.parent, /\.transaction\(\)\s*\.execute$/);
}

/** Nobody is called or waited for inside a transaction: SQLite has one writer, and everybody else would wait with it. */
export const slowTransactionFaults: FileRule = (source) => {
  const faults = new Set<string>();
  visit(parse(source), (node) => {
    if (!inTransaction(node)) return;
    visit(node, (inner) => {
      if (isCallOf(inner, /(^|\.)(fetch|sleep|setTimeout)$|\b(call|http)\.(request|through)$|\.(crm|sign|journey|auth)\??\.\w+$/))
        faults.add(`${place(source, inner.getStart())} ${inner.expression.getText()}`);
    });
  });
  return [...faults];
};
