import { isObject } from '#lib/json';
import type { ReceiptsTable } from '#store/ledger-schema';
import type { EffectRow } from '#store/view';
import { Badge, EFFECT_WORDS } from './badge.tsx';
import { at, vendorName, type ConsoleContext } from './context.ts';
import { inputOf, shownAs } from './correction.ts';
import { Data, Facts, Id, objectOf, plain } from './data.tsx';
import { fieldRows } from './timeline-entries.tsx';
import { When } from './when.tsx';
import { namesWith, sayEffect, sayReceipt, type Names } from './wording.ts';

interface EffectPageProps {
  c: ConsoleContext;
  effect: EffectRow;
  receipts: ReceiptsTable[];
  names: Names;
}

/** One effect: why it is there, what came of it, and what a person can do where it is stuck. */
export function EffectPage({ c, effect, receipts, names }: EffectPageProps) {
  const now = c.var.options.clock.now();
  return (
    <>
      <p class="crumb">
        <a href={at(c, '/outbox')}>Outbox</a>
      </p>
      <h1>
        {sayEffect(effect, names)} <Badge words={EFFECT_WORDS[effect.state]} />
      </h1>
      <p class="lead">{effect.why}</p>
      {effect.error && effect.state !== 'done' ? <Cause c={c} effect={effect} /> : null}
      {effect.state === 'held' && objectOf(effect.error)['code'] === 'send.stopped' ? (
        <p class="note warn">
          It waits until sending is resumed, and goes on by itself then. <a href={at(c, '/held')}>Open Held</a>
        </p>
      ) : effect.state === 'held' ? (
        <p class="note warn">
          It waits until {vendorName(c.var.options, effect.vendor)} is connected again, and goes on by itself then. <a href={at(c, '/installs')}>Open Installs</a>
        </p>
      ) : null}
      {effect.state === 'parked' ? <Mend c={c} effect={effect} /> : null}
      <section class="sheet">
        <Facts
          rows={[
            ['Account', vendorName(c.var.options, effect.vendor)],
            ['Decided', <When at={effect.created_at} now={now} seconds />],
            ['Next run', effect.state === 'ready' ? <When at={effect.run_at} now={now} seconds /> : null],
            ['Attempts', effect.attempts],
            ['Envelope', effect.envelope && <a href={at(c, `/envelopes/${effect.envelope}`)}>{effect.envelope}</a>],
            ['Story', <a href={at(c, `/stories/${effect.correlation}`)}>{effect.correlation}</a>],
            ['Effect', <Id value={effect.id} />],
            ['Key', <code>{effect.key}</code>],
          ]}
        />
      </section>
      <Receipts c={c} receipts={receipts} names={namesWith(names, effect.vendor)} tried={effect.attempts > 0} />
      <section>
        <h2>What was decided</h2>
        {effect.kind === 'record.write' ? (
          <div class="sheet">
            <Facts rows={fieldRows(effect.data)} />
          </div>
        ) : (
          <Data text={effect.data} label="What was decided" />
        )}
      </section>
    </>
  );
}

function Cause({ c, effect }: { c: ConsoleContext; effect: EffectRow }) {
  const { code, say, facts } = objectOf(effect.error);
  const rows = isObject(facts) ? Object.entries(facts).map(([name, value]): [string, unknown] => [name, plain(value)]) : [];
  return (
    <div class={effect.state === 'parked' ? 'note bad' : 'note'}>
      <p>
        <strong>{say === undefined ? 'It failed' : plain(say)}</strong>
      </p>
      {rows.length > 0 ? (
        <>
          <p>{vendorName(c.var.options, effect.vendor)} said:</p>
          <Facts rows={rows} />
        </>
      ) : null}
      {code === undefined ? null : (
        <p class="soft">
          Code <code>{plain(code)}</code>
        </p>
      )}
    </div>
  );
}

function Mend({ c, effect }: { c: ConsoleContext; effect: EffectRow }) {
  const set = effect.kind === 'record.write' ? objectOf(effect.data).set : undefined;
  return (
    <section class="sheet">
      <h2>Mend it</h2>
      <form method="post" action={at(c, `/outbox/${effect.id}/replay`)}>
        {isObject(set) ? (
          <fieldset>
            <legend>Values to write</legend>
            {Object.entries(set).map(([field, value]) => (
              <ValueInput field={field} value={value} />
            ))}
            <p class="soft">An emptied value clears the field in the CRM.</p>
          </fieldset>
        ) : (
          <p>Mend the cause at the account or in the mapping first, then try it again.</p>
        )}
        <button>{isObject(set) ? 'Write these values' : 'Try it again'}</button>
      </form>
      <details>
        <summary>Discard it instead</summary>
        <form method="post" action={at(c, `/outbox/${effect.id}/discard`)}>
          <p>It will not be done, and this cannot be taken back. Its history stays.</p>
          <button class="danger">Discard it for good</button>
        </form>
      </details>
    </section>
  );
}

function ValueInput({ field, value }: { field: string; value: unknown }) {
  const name = inputOf(field);
  return (
    <div class="value">
      <label for={name}>
        <code>{field}</code>
      </label>
      {typeof value === 'boolean' ? (
        <select id={name} name={name}>
          {['true', 'false', ''].map((option) => (
            <option value={option} selected={option === shownAs(value)}>
              {option || 'empty'}
            </option>
          ))}
        </select>
      ) : (
        <input id={name} name={name} value={shownAs(value)} inputmode={typeof value === 'number' ? 'decimal' : undefined} />
      )}
    </div>
  );
}

function Receipts({ c, receipts, names, tried }: { c: ConsoleContext; receipts: ReceiptsTable[]; names: Names; tried: boolean }) {
  const now = c.var.options.clock.now();
  return (
    <section>
      <h2>Receipts</h2>
      {receipts.length === 0 ? <p class="soft">{tried ? 'None of its own yet: it was part of a larger write, of which the rest has landed.' : 'It was not tried yet.'}</p> : null}
      <ul class="rows">
        {receipts.map((receipt) => (
          <li>
            <span>{sayReceipt(receipt, names)}</span>
            <span class="soft end">
              <When at={receipt.at} now={now} seconds />
            </span>
            <details id={`d-${receipt.id}`}>
              <summary>Details</summary>
              <Facts
                rows={[
                  ['Vendor’s id', receipt.remote && <code>{receipt.remote}</code>],
                  ['Request hash', <code>{receipt.request_hash}</code>],
                  ['Place in the ledger', receipt.seq],
                  ['Hash', <code>{receipt.hash}</code>],
                ]}
              />
              <Data text={receipt.detail} />
            </details>
          </li>
        ))}
      </ul>
    </section>
  );
}
