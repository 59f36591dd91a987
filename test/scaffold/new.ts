import { projectRoot } from '#lib/root';
import { readUsage, refuse } from '../usage.ts';
import { scaffold } from './scaffold.ts';

/** `npm run new connector <id>`. */
const USAGE = 'npm run new connector <id>   such as acme-sign; writes its folder, and a test that fails';
const [kind, id, ...rest] = readUsage(USAGE, { allowPositionals: true, options: {} }).positionals;
if (kind !== 'connector') refuse(kind === undefined ? 'Say what is to be made.' : `"${kind}" cannot be made, only a connector.`, USAGE);
if (id === undefined || rest.length > 0) refuse('Give one id.', USAGE);
try {
  for (const path of scaffold(projectRoot, id)) console.log(`made  ${path}`);
  console.log(`\nNow run  npm test -- test/connectors/${id}  and do what the failing test says. CONTRIBUTING.md has the whole way.`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
