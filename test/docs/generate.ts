import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '#lib/root';
import { readUsage } from '../usage.ts';
import { documents } from './parts.ts';

/** `npm run docs`: draws the parts of the pages that come from the code. The tidy test fails while one is out of date. */
readUsage('npm run docs   draws what stands in pages and comes from the code', {});
for (const { path, render } of documents) {
  const file = join(projectRoot, path);
  const before = readFileSync(file, 'utf8');
  const after = render(before);
  if (after !== before) writeFileSync(file, after);
  console.log(`${after === before ? 'current' : 'drawn  '}  ${path}`);
}
