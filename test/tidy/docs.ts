import { existsSync } from 'node:fs';
import { posix, join } from 'node:path';
import ts from 'typescript';
import { projectFile, projectRoot } from '#lib/root';
import { place, type FileRule } from './project.ts';
import { findNodes } from './syntax.ts';

/** npm's own verbs, which need no script. */
const NPM_VERBS = new Set(['ci', 'install', 'exec', 'audit', 'version']);
const LINK = /(?<!`)!?\[[^\]\n]*\]\(([^)\s]+)\)/g;
const COMMAND = /\bnpm (run )?([a-z][a-z:-]*)/g;

/** The way in which hosts make an anchor of a heading. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}
const anchorsOf = (text: string): string[] => [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading ?? ''));

/** Relative links and pictures that lead nowhere, or to a heading that is not there. */
export const linkFaults: FileRule = (page) =>
  [...page.text.matchAll(LINK)].flatMap((match) => {
    const link = match[1] ?? '';
    if (/^[a-z]+:/.test(link)) return [];
    const [path = '', anchor] = link.split('#');
    if (path === '') return anchor !== undefined && !anchorsOf(page.text).includes(anchor) ? [`${place(page, match.index)} no heading #${anchor}`] : [];
    const target = posix.normalize(posix.join(posix.dirname(page.path), path));
    const there = existsSync(join(projectRoot, target)) && (anchor === undefined || !target.endsWith('.md') || anchorsOf(projectFile(target)).includes(anchor));
    return there ? [] : [`${place(page, match.index)} ${link}`];
  });

/** Commands that a page tells people to type and package.json does not have. */
export function commandFaults(scripts: Readonly<Record<string, string>>): FileRule {
  return (page) =>
    [...page.text.matchAll(COMMAND)].flatMap((match) => {
      const [whole, run, name = ''] = match;
      if (name in scripts || (!run && NPM_VERBS.has(name))) return [];
      return [`${place(page, match.index)} ${whole}`];
    });
}

/** Alarms that no runbook explains. The page is called as the alarm is. */
export const alarmFaults: FileRule = (source) => {
  const missing = (code: string) => !existsSync(join(projectRoot, `docs/runbooks/${code}.md`));
  const isCode = (node: ts.Node) => ts.isPropertyAssignment(node) && node.name.getText() === 'code' && ts.isStringLiteralLike(node.initializer) && missing(node.initializer.text);
  return findNodes(source, (node) => isCode(node) && ts.isCallExpression(node.parent.parent) && /raiseAlarm$/.test(node.parent.parent.expression.getText()));
};
