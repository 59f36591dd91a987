import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '#lib/root';
import { shippedPackages } from '../supply/packages.ts';
import { bytesOf, makeRelease } from '../supply/release-folder.ts';
import { atMost, shown, type Bench } from './figures.ts';

const MB = 1e6;
const LARGEST = 5;

/** P16: what `npm run release` makes, beside what `npm ci --omit=dev` installs. */
export const size: Bench = async (say) => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-size-'));
  try {
    say('a release is made');
    const { packages, bytes } = await makeRelease(folder);
    const modules = join(folder, 'node_modules');
    const names = Object.keys((JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { dependencies: object }).dependencies);
    const largest = names.map((name) => ({ name, bytes: bytesOf(join(modules, name)) })).sort((a, b) => b.bytes - a.bytes);
    return [
      atMost('packages in a release', packages, 'packages', 60),
      atMost('size of a release', bytes / MB, 'MB', 60),
      ...largest.slice(0, LARGEST).map((one) => shown(one.name, one.bytes / MB, 'MB')),
      shown('the product itself, built, with its maps', bytesOf(join(folder, 'dist')) / MB, 'MB'),
      ...installed(),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

function installed() {
  const all = shippedPackages().map(({ path }) => ownBytes(join(projectRoot, path)));
  return [shown('packages that npm ci --omit=dev installs', all.length, 'packages'), shown('their size', all.reduce((sum, one) => sum + one, 0) / MB, 'MB')];
}

/** Of a package without those that lie in it, which are counted by themselves. */
function ownBytes(folder: string): number {
  return bytesOf(folder) - (readdirSync(folder).includes('node_modules') ? bytesOf(join(folder, 'node_modules')) : 0);
}
