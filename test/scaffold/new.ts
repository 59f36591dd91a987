import { projectRoot } from '#lib/root';
import { scaffold } from './scaffold.ts';

/** `npm run new connector <id>`. */
const [kind, id, ...rest] = process.argv.slice(2);
if (kind !== 'connector' || id === undefined || rest.length > 0) {
  console.error('Usage: npm run new connector <id>, such as acme-sign');
  process.exit(2);
}
try {
  for (const path of scaffold(projectRoot, id)) console.log(`made  ${path}`);
  console.log(`\nNow run  npm test -- test/connectors/${id}  and do what the failing test says. CONTRIBUTING.md has the whole way.`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
