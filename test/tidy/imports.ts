/** A part of the tree that has one set of rights. `docs/architecture.md` draws its table from this list, and the tidy test holds it. */
export interface Area {
  name: string;
  /** Whether a path from the root belongs to it. The first area that says yes has the file. */
  owns: (path: string) => boolean;
  /** Areas that it may import; its own is always among them. */
  may: readonly string[];
  /** Areas of which it may import types only. */
  typesOf: readonly string[];
  why: string;
}

const under = (folder: string) => (path: string) => path.startsWith(`${folder}/`);

/** Types of the wiring, such as the configuration's, may be named by whoever is handed them. */
const WIRING = 'wiring';

export const AREAS: readonly Area[] = [
  { name: 'lib', owns: under('src/lib'), may: [], typesOf: [], why: 'Has no product words, so it knows nobody.' },
  { name: 'core', owns: under('src/core'), may: ['lib'], typesOf: [], why: 'Pure: facts in, decisions out. It can be read and tested alone.' },
  { name: 'ports', owns: under('src/ports'), may: [], typesOf: ['core', 'lib'], why: 'The contract that a connector author reads. It promises, and does nothing.' },
  { name: 'shared', owns: under('src/connectors'), may: ['ports', 'core', 'lib'], typesOf: [], why: 'What all connectors share; it names no vendor.' },
  {
    name: 'connectors',
    owns: under('connectors'),
    may: ['ports', 'shared', 'core', 'lib'],
    typesOf: [],
    why: 'A vendor knows the contract and its own folder. Two vendors never meet.',
  },
  { name: 'migrations', owns: under('migrations'), may: [], typesOf: [], why: 'The schema of that day must not depend on the code of today.' },
  { name: 'store', owns: under('src/store'), may: ['core', 'lib', 'migrations'], typesOf: [], why: 'The only SQL.' },
  { name: 'flow', owns: under('src/flow'), may: ['core', 'store', 'lib'], typesOf: ['ports', WIRING], why: 'The line itself. It meets vendors as values, through the contract.' },
  { name: 'work', owns: under('src/work'), may: ['flow', 'store', 'core', 'lib'], typesOf: ['ports', WIRING], why: 'Time as an input.' },
  { name: 'http', owns: under('src/http'), may: ['flow', 'store', 'core', 'lib'], typesOf: ['ports', WIRING], why: 'Requests as an input.' },
  {
    name: WIRING,
    owns: (path) => /^src\/[^/]+\.tsx?$/.test(path) || path.startsWith('src/cli/'),
    may: ['lib', 'core', 'ports', 'shared', 'connectors', 'store', 'flow', 'work', 'http'],
    typesOf: [],
    why: 'The one place where everything meets. Nobody imports it, but for a type.',
  },
];

export function areaOf(path: string): Area | undefined {
  return AREAS.find((area) => area.owns(path));
}

/** Packages with an owner: what a package does is done in one place. Packages that are not named here may be used where they are needed. */
export const PACKAGE_OWNERS: readonly { packages: readonly string[]; areas: readonly string[]; typesAnywhere: boolean; why: string }[] = [
  { packages: ['kysely', 'better-sqlite3', 'pg'], areas: ['store'], typesAnywhere: true, why: 'SQL is in one place.' },
  { packages: ['@hubspot/api-client'], areas: ['connectors'], typesAnywhere: false, why: "An official client stays in its vendor's folder." },
  { packages: ['graphile-worker'], areas: ['store'], typesAnywhere: true, why: 'Its tables lie beside ours, and its jobs are written in our transactions.' },
  { packages: ['pino'], areas: ['lib'], typesAnywhere: true, why: 'One log, with one list of what it hides.' },
  { packages: ['bottleneck'], areas: ['shared', 'work'], typesAnywhere: true, why: 'Limits are kept where calls are bound to an install, not by each vendor.' },
  { packages: ['commander'], areas: [WIRING], typesAnywhere: true, why: 'The command line is wiring.' },
  { packages: ['htmx.org'], areas: ['http'], typesAnywhere: false, why: 'Served to the console, never imported by anything else.' },
];

/** What the pure core may use besides the language: parsing and checking mappings. Nothing that reads a clock, a file or a socket. */
export const CORE_PACKAGES: readonly string[] = ['@marcbachmann/cel-js', 'yaml', 'zod'];

/** The area of a `#…` import, and the path that it stands for, without an extension unless the import has one. */
export function pathOfAlias(specifier: string): string | undefined {
  const [, alias, rest] = /^#([a-z]+)\/(.+)$/.exec(specifier) ?? [];
  if (alias === undefined || rest === undefined) return undefined;
  const roots: Record<string, string> = { shared: 'src/connectors', src: 'src', connectors: 'connectors', migrations: 'migrations' };
  return `${roots[alias] ?? `src/${alias}`}/${rest}`;
}
