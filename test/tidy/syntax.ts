import ts from 'typescript';
import { place, type Source } from './project.ts';

export interface Import {
  /** As written. */
  from: string;
  /** Nothing of it is left when types are erased. */
  typeOnly: boolean;
  at: string;
}

const parsed = new WeakMap<Source, ts.SourceFile>();
export function parse(source: Source): ts.SourceFile {
  const known = parsed.get(source);
  if (known) return known;
  const kind = source.path.endsWith('.tsx') ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const file = ts.createSourceFile(source.path, source.text, ts.ScriptTarget.Latest, true, kind);
  parsed.set(source, file);
  return file;
}

export function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  ts.forEachChild(node, (child) => visit(child, see));
}

/** Every place where a node is as `match` says. */
export function findNodes(source: Source, match: (node: ts.Node) => boolean): string[] {
  const found: string[] = [];
  const file = parse(source);
  visit(file, (node) => {
    if (match(node))
      found.push(
        `${place(source, node.getStart(file))} ${node
          .getText(file)
          .replace(/\n[^]*/, '')
          .slice(0, 80)}`,
      );
  });
  return found;
}

function isTypeOnly(statement: ts.ImportDeclaration): boolean {
  const clause = statement.importClause;
  if (!clause) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const named = clause.namedBindings;
  return !clause.name && named !== undefined && ts.isNamedImports(named) && named.elements.length > 0 && named.elements.every((element) => element.isTypeOnly);
}

/** All that a file imports: statements, re-exports, `import()` and `import('…')` types. */
export function importsOf(source: Source): Import[] {
  const found: Import[] = [];
  const file = parse(source);
  const add = (specifier: ts.Node | undefined, typeOnly: boolean) => {
    if (specifier && ts.isStringLiteral(specifier)) found.push({ from: specifier.text, typeOnly, at: place(source, specifier.getStart(file)) });
  };
  visit(file, (node) => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeOnly(node));
    if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0], false);
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
  });
  return found;
}

/** Whether `node` reads `object.member`. */
export function isMember(node: ts.Node, object: RegExp, member: RegExp): boolean {
  return ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression) && object.test(node.expression.text) && member.test(node.name.text);
}
