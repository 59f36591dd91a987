import { Hono } from 'hono';
import type { InstallId } from '#core/ids';
import { nameOf } from '#http/sessions';
import type { ServerStop, TenantStop } from '#store/view';
import { at, back, formOf, isOperator, sessionIn, tenantIn, type ConsoleContext, type ConsoleEnv } from './context.ts';
import { When } from './when.tsx';

/** Stopping and resuming; each leads to the page on which it shows. */
export function stopPages(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.post('/stops', async (c) => {
    const { reason = '', ...form } = await formOf(c);
    await c.var.options.desk.brakes.stop(tenantIn(c).id, stoppableOf(form), reason, nameOf(sessionIn(c)));
    return back(c, at(c, '/held'), 'stopped');
  });
  app.post('/stops/resume', async (c) => {
    await c.var.options.desk.brakes.resume(tenantIn(c).id, stoppableOf(await formOf(c)), nameOf(sessionIn(c)));
    return back(c, at(c, '/held'), 'resumed');
  });
  return app;
}

const stoppableOf = ({ crm, rule }: Record<string, string>) => (crm && rule ? { crm: crm as InstallId, rule } : null);

interface Switch {
  action: string;
  what?: { crm: string; rule: string } | undefined;
}

/** Asks why, for whoever finds it stopped. */
export function StopForm({ action, what, label }: Switch & { label: string }) {
  return (
    <form method="post" action={action} class="row">
      <Which what={what} />
      <label class="grow">
        <span class="sr">Why</span>
        <input name="reason" required maxlength={300} placeholder="Why, in a few words" />
      </label>
      <button class="danger">{label}</button>
    </form>
  );
}

export function ResumeForm({ action, what, label }: Switch & { label: string }) {
  return (
    <form method="post" action={action} class="row">
      <Which what={what} />
      <button>{label}</button>
    </form>
  );
}

function Which({ what }: Pick<Switch, 'what'>) {
  return what ? (
    <>
      <input type="hidden" name="crm" value={what.crm} />
      <input type="hidden" name="rule" value={what.rule} />
    </>
  ) : null;
}

/** Stands on every page while something is stopped: nobody should look for the reason of a silence in the wrong place. */
export function StopBanner({ c }: { c: ConsoleContext }) {
  const { brakes } = c.var;
  if (!c.var.tenant || !brakes) return null;
  return (
    <>
      {brakes.server ? <Stopped c={c} stop={brakes.server} say="Sending on this server is stopped" /> : null}
      {brakes.stops.map((stop) => (
        <Stopped c={c} stop={stop} say={stop.rule === null ? 'Sending is stopped' : `The rule “${stop.rule}” is stopped`} resume />
      ))}
    </>
  );
}

function Stopped({ c, stop, say, resume }: { c: ConsoleContext; stop: TenantStop | ServerStop; say: string; resume?: boolean }) {
  const what = 'rule' in stop && stop.rule !== null && stop.crm !== null ? { crm: stop.crm, rule: stop.rule } : undefined;
  return (
    <div class="note warn stopped" role="status">
      <p>
        <strong>{say}:</strong> {stop.because}
      </p>
      <p class="soft">
        By {stop.by}, <When at={stop.at} now={c.var.options.clock.now()} />. {what ? 'Its envelopes and reminders' : 'Envelopes, reminders and journey messages'} wait; voids,
        withdrawals of consent and write-backs go on.
      </p>
      {resume ? <ResumeForm action={at(c, '/stops/resume')} what={what} label="Resume" /> : null}
      {!resume && isOperator(c) ? (
        <p>
          <a href="/?all=1">Resume on the page of all tenants</a>
        </p>
      ) : null}
    </div>
  );
}
