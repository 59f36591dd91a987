import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '#lib/root';
import { atMost, shown, type Bench } from './figures.ts';

interface LockedPackage {
  dev?: boolean;
  optional?: boolean;
  devOptional?: boolean;
  peer?: boolean;
}
const MB = 1024 * 1024;
const LARGEST = 5;

/** P16: what `npm ci --omit=dev` installs, by the lock file and the folders that are there now. */
export const size: Bench = async () => {
  const { packages } = JSON.parse(readFileSync(join(projectRoot, 'package-lock.json'), 'utf8')) as { packages: Record<string, LockedPackage> };
  const installed = Object.entries(packages)
    .filter(([path, { dev = false, devOptional = false, peer = false }]) => path.startsWith('node_modules/') && !dev && !devOptional && !peer)
    .map(([path]) => ({ name: path.replace(/^.*node_modules\//, ''), bytes: bytesOf(join(projectRoot, path)) }))
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.bytes - a.bytes);
  const bytes = installed.reduce((sum, one) => sum + one.bytes, 0);
  return [
    atMost('packages in production', installed.length, 'packages', 60),
    atMost('their size', bytes / MB, 'MiB', 60),
    ...installed.slice(0, LARGEST).map(({ name, bytes: own }) => shown(name, own / MB, 'MiB')),
    shown('the product itself, built', bytesOf(join(projectRoot, 'dist')) / MB, 'MiB'),
  ];
};

/** Of a folder without packages of its own: those stand in the lock file too. */
function bytesOf(folder: string): number {
  let bytes = 0;
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += entry.name === 'node_modules' ? 0 : bytesOf(path);
    else if (entry.isFile()) bytes += statSync(path).size;
  }
  return bytes;
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
