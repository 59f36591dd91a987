import { Hono } from 'hono';
import type { ApiKeyId } from '#core/ids';
import type { Problem } from '#core/problem';
import { nameOf } from '#http/sessions';
import { API_SCOPES, type ApiKey, type ApiScope } from '#store/api-keys';
import { at, back, sessionIn, tenantIn, type ConsoleContext, type ConsoleEnv } from './context.ts';
import { ProblemNote, refusalIn, statusOf } from './errors.tsx';
import { show } from './layout.tsx';
import { When } from './when.tsx';

const SAY: Record<ApiScope, string> = {
  'consents:write': 'report what people agreed to',
  'consents:read': 'ask what people agreed to',
  'touchpoints:write': 'tell how people came',
};

/** Keys for programs: made here, shown once, withdrawn here. */
export function apiKeyPages(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.post('/api-keys', async (c) => {
    const body = await c.req.parseBody({ all: true });
    const scopes = [body.scopes].flat().filter((scope): scope is string => typeof scope === 'string');
    const name = typeof body.name === 'string' ? body.name : '';
    try {
      const { key } = await c.var.options.desk.capture.makeKey(tenantIn(c).id, name, scopes, nameOf(sessionIn(c)));
      return await show(c, { title: 'Key made', current: 'capture' }, <KeyMade c={c} value={key} />);
    } catch (error) {
      const problem = refusalIn(error);
      return show(c, { title: 'Make a key', current: 'capture', status: statusOf(problem) }, <RefusedKey c={c} name={name} scopes={scopes} problem={problem} />);
    }
  });
  app.post('/api-keys/:key/withdraw', async (c) => {
    await c.var.options.desk.capture.revokeKey(tenantIn(c).id, c.req.param('key') as ApiKeyId, nameOf(sessionIn(c)));
    return back(c, at(c, '/capture'), 'key-withdrawn');
  });
  return app;
}

/** A key that cannot be, with why not, and with all that was typed. */
function RefusedKey({ c, name, scopes, problem }: { c: ConsoleContext; name: string; scopes: string[]; problem: Problem }) {
  return (
    <>
      <p class="crumb">
        <a href={at(c, '/capture')}>Capture</a>
      </p>
      <h1>Make a key</h1>
      <ProblemNote problem={problem} />
      <KeyForm c={c} name={name} scopes={scopes} />
    </>
  );
}

function KeyMade({ c, value }: { c: ConsoleContext; value: string }) {
  return (
    <section class="sheet narrow">
      <h1>The key</h1>
      <p>Copy it now into the program that needs it. Only its hash is kept, so it cannot be shown again.</p>
      <pre class="data" tabindex={0} aria-label="The key" data-key="">
        {value}
      </pre>
      <p>
        <a class="button" href={at(c, '/capture')}>
          I have copied it
        </a>
      </p>
    </section>
  );
}

export function ApiKeys({ c, keys }: { c: ConsoleContext; keys: readonly ApiKey[] }) {
  return (
    <section>
      <h2>Keys of the API</h2>
      <p class="soft">
        Programs report consent and touchpoints to <code>{`${c.var.options.publicUrl()}/api/v1`}</code> with a key of their own.
      </p>
      {keys.length === 0 ? <p>There is no key yet.</p> : null}
      <ul class="rows">
        {keys.map((key) => (
          <KeyRow c={c} apiKey={key} />
        ))}
      </ul>
      <details>
        <summary>Make a key</summary>
        <KeyForm c={c} />
      </details>
    </section>
  );
}

function KeyForm({ c, name = '', scopes = [] }: { c: ConsoleContext; name?: string; scopes?: string[] }) {
  return (
    <form method="post" action={at(c, '/api-keys')} class="endpoint-form">
      <label>
        Which program uses it
        <input name="name" value={name} required maxlength={80} autocomplete="off" />
      </label>
      <fieldset>
        <legend>It may</legend>
        <ul class="choices">
          {API_SCOPES.map((scope) => (
            <li>
              <label>
                <input type="checkbox" name="scopes" value={scope} checked={scopes.includes(scope)} />
                <span>
                  <code>{scope}</code> <span class="soft small">{SAY[scope]}</span>
                </span>
              </label>
            </li>
          ))}
        </ul>
      </fieldset>
      <button>Make the key</button>
    </form>
  );
}

function KeyRow({ c, apiKey: { id, name, hint, scopes, used_at, revoked_at } }: { c: ConsoleContext; apiKey: ApiKey }) {
  const now = c.var.options.clock.now();
  return (
    <li>
      <span>{name}</span> <code>csk_…{hint}</code> <span class="soft small">{scopes.join(', ')}</span>
      <span class="soft">
        {revoked_at !== null ? (
          <>
            withdrawn <When at={revoked_at} now={now} />
          </>
        ) : used_at === null ? (
          'never used'
        ) : (
          <>
            last used <When at={used_at} now={now} />
          </>
        )}
      </span>
      {revoked_at === null ? (
        <form method="post" action={at(c, `/api-keys/${id}/withdraw`)} class="row end">
          <button class="link">
            Withdraw<span class="sr"> the key {name}</span>
          </button>
        </form>
      ) : null}
    </li>
  );
}
