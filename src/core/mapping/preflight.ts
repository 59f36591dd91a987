import type { Reason } from '#core/plan';
import type { CrmSchema } from '#core/records';
import { checkMapping } from './check.ts';
import type { WritebackMapping } from './schema.ts';

/** What of a write-back would surely fail on this account: each is a reason not to send, since the result could not be told. Fields for consent are not: a contract does not wait for them. */
export function preflight(writeback: WritebackMapping, schema: CrmSchema): Reason[] {
  return checkMapping({ writeback }, { schema, templates: null })
    .filter(({ level, path }) => level === 'error' && !path.startsWith('consents'))
    .map(({ path, say, suggestion }) => ({ code: 'writeback', say: `Write-back would fail: ${say}${suggestion === undefined ? '' : ` Did you mean ${suggestion}?`}`, path }));
}
