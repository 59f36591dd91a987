import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { build } from 'esbuild';
import { projectFile, projectRoot } from '#lib/root';
import { billOfMaterials, shippedPackages } from './packages.ts';

/** Loaded by `require`, the others by `import`, for which the names that they export have to be said. */
const REQUIRED = ['pg', 'graphile-worker'];
/** Taken as they are: a native module and what finds it, and a script for browsers. Of each the files that are read when the product runs. */
const COPIED: Record<string, string[]> = {
  'better-sqlite3': ['lib', 'build/Release/better_sqlite3.node'],
  bindings: ['bindings.js'],
  'file-uri-to-path': ['index.js'],
  'htmx.org': ['dist/htmx.min.js'],
};
/** Asked for by some of them in ways that the product does not take: a driver that is not installed, and a compiler for settings written in TypeScript. */
const UNREACHED = ['pg-native', 'typescript'];
/** Read where they lie: stylesheets, scripts of pages, manifests, mappings, what stands in a proof. */
const READ = ['src', 'connectors', 'mappings', 'docs', 'app.config.json', 'README.md', 'LICENSE', 'SECURITY.md', 'CHANGELOG.md'];
const NOT_READ = { folders: ['node_modules', 'samples', 'package', 'images'], extensions: ['.ts', '.tsx'] };
/** Of the project's manifest what is true of the folder too. */
const KEPT = ['name', 'version', 'description', 'license', 'private', 'type', 'engines', 'bin'];

interface Manifest {
  name: string;
  version: string;
  license?: string;
  main?: string;
  dependencies?: Record<string, string>;
}
const manifestOf = (name: string) => JSON.parse(projectFile(`node_modules/${name}/package.json`)) as Manifest;

/**
 * Puts the built product into a folder, with the packages that it loads: each built from its own sources into one file, with all that it needs itself. Nothing is changed in them, and what the product
 * never reaches stays out: `npm ci --omit=dev` installs 160 MiB, of which 20 are read.
 */
export async function makeRelease(folder: string): Promise<{ packages: number; bytes: number }> {
  const { status, stderr } = spawnSync(process.execPath, ['esbuild.config.js', join(folder, 'dist')], { cwd: projectRoot, encoding: 'utf8' });
  if (status !== 0) throw new Error(`The product could not be built: ${stderr}`);
  const project = JSON.parse(projectFile('package.json')) as Record<string, unknown> & { dependencies: Record<string, string>; builtIn: string[] };
  const names = Object.keys(project.dependencies).filter((name) => !project.builtIn.includes(name));
  for (const name of names.filter((one) => !(one in COPIED))) await bundle(name, folder);
  for (const [name, files] of Object.entries(COPIED)) copy(name, files, folder);
  for (const name of READ) cpSync(join(projectRoot, name), join(folder, name), { recursive: true, filter: isRead });
  // With their versions, so that npm leaves them there when somebody installs an optional package.
  const dependencies = Object.fromEntries([...names, ...Object.keys(COPIED)].map((name) => [name, manifestOf(name).version]));
  const kept = Object.fromEntries(KEPT.map((key) => [key, project[key]]));
  writeJson(join(folder, 'package.json'), { ...kept, dependencies });
  writeJson(join(folder, 'sbom.json'), billOfMaterials());
  writeFileSync(join(folder, 'THIRD-PARTY.txt'), notices());
  return { packages: Object.keys(dependencies).length, bytes: bytesOf(folder) };
}

async function bundle(name: string, folder: string): Promise<void> {
  const { version, license } = manifestOf(name);
  const place = join(folder, 'node_modules', name);
  const required = REQUIRED.includes(name);
  await build({
    stdin: { contents: required ? `module.exports = require('${name}');` : await entryOf(name), resolveDir: projectRoot, sourcefile: required ? 'entry.cjs' : 'entry.mjs' },
    outfile: join(place, 'index.js'),
    bundle: true,
    format: required ? 'cjs' : 'esm',
    platform: 'node',
    target: 'node20',
    // Those in CommonJS ask for Node's own modules by `require`, and for their folder, which modules do not have.
    ...(required ? {} : { banner: { js: MODULE } }),
    external: UNREACHED,
    logLevel: 'error',
  });
  writeJson(join(place, 'package.json'), { name, version, license, type: required ? 'commonjs' : 'module', main: 'index.js', exports: './index.js' });
}

const MODULE =
  "import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);\nconst __dirname = import.meta.dirname;\nconst __filename = import.meta.filename;";

/** Says every name that the package exports: those of CommonJS are known only when it is loaded. */
async function entryOf(name: string): Promise<string> {
  const names = Object.keys((await import(name)) as object).filter((one) => /^[A-Za-z_$][\w$]*$/.test(one) && one !== 'default');
  return [`import * as all from '${name}';`, 'export default all.default;', ...names.map((one) => `const of_${one} = all.${one};\nexport { of_${one} as ${one} };`)].join('\n');
}

function copy(name: string, files: readonly string[], folder: string): void {
  const [from, to] = [join(projectRoot, 'node_modules', name), join(folder, 'node_modules', name)];
  for (const file of files) cpSync(join(from, file), join(to, file), { recursive: true });
  const { version, license, main, dependencies = {} } = manifestOf(name);
  const held = Object.fromEntries(Object.entries(dependencies).filter(([one]) => one in COPIED));
  writeJson(join(to, 'package.json'), { name, version, license, main, dependencies: held });
}

function isRead(path: string): boolean {
  return statSync(path).isDirectory() ? !NOT_READ.folders.includes(basename(path)) : !NOT_READ.extensions.includes(extname(path));
}

/** What the packages' licenses ask to be passed on, one text for all that have the same. */
function notices(): string {
  const holders = new Map<string, Set<string>>();
  for (const { name, version, license, path } of shippedPackages()) {
    const files = readdirSync(join(projectRoot, path)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
    const texts = files.map((file) => readFileSync(join(projectRoot, path, file), 'utf8').trim());
    const text = texts.length > 0 ? texts.join('\n\n') : `${license} (its package holds no text of it)`;
    holders.set(text, (holders.get(text) ?? new Set()).add(`${name} ${version}`));
  }
  const parts = [...holders].map(([text, names]) => `${[...names].sort().join(', ')}\n\n${text}\n`);
  return `Countersign is built with these packages, under these licenses.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

function writeJson(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** The bytes of all files in a folder. */
export function bytesOf(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { recursive: true, withFileTypes: true }).reduce((sum, entry) => sum + (entry.isFile() ? statSync(join(entry.parentPath, entry.name)).size : 0), 0);
}
