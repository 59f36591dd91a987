import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';

/**
 * `npm run build`: src/main.ts as `dist/src/main.js`, with what it loads only when it is needed in files beside it. `node esbuild.config.js <folder>` puts it there.
 * Reading a thousand small modules was more than half of the start: 923 ms where it was 420 with the first five of them.
 */

const [folder = 'dist', ...more] = process.argv.slice(2);
if (folder.startsWith('-') || more.length > 0) {
  const asked = folder === '--help' && more.length === 0;
  console[asked ? 'log' : 'error'](
    `${asked ? '' : `What is "${[folder, ...more].join(' ')}"?\n\n`}npm run build [-- <folder>]   builds src/main.ts into dist, or into another folder`,
  );
  process.exit(asked ? 0 : 2);
}
const place = resolve(folder, 'src');

/** Of many small files that every start reads. All other packages are loaded from where they are installed. */
const { dependencies, peerDependencies, builtIn } = JSON.parse(readFileSync('package.json', 'utf8'));
const external = Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => !builtIn.includes(name));

/** Those in CommonJS ask for Node's own modules by `require`, which modules do not have. */
const REQUIRE = "import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);";

const { outputFiles } = await build({
  entryPoints: ['src/main.ts'],
  outdir: place,
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  banner: { js: REQUIRE },
  external,
  sourcemap: true,
  logLevel: 'warning',
  write: false,
});

// What is the same is not written: a server that runs from here finds its files as they were.
for (const { path, contents } of outputFiles) {
  if (isThere(path, contents)) continue;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contents);
}

/** Named by esbuild for what is in it, so another build leaves it behind. Nothing else is touched: the folder may be somebody's. */
const CHUNK = /^[\w.-]+-[A-Z0-9]{8}\.js(\.map)?$/;
const made = new Set(outputFiles.map(({ path }) => path));
// Safe beside a server: once it is ready, what it still loads are packages.
for (const name of readdirSync(place)) if (CHUNK.test(name) && !made.has(join(place, name))) rmSync(join(place, name), { force: true });

function isThere(path, contents) {
  try {
    return readFileSync(path).equals(contents);
  } catch {
    return false;
  }
}
