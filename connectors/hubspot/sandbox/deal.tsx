import type { Child } from 'hono/jsx';
import type { Answer, Card } from '#shared/sandbox/card';
import { CardSummary } from '#shared/sandbox/card-summary.tsx';
import { Note, Pairs } from '#shared/sandbox/sheet.tsx';
import { MoveForm } from './board.tsx';
import { contactName, day, money, type Desk } from './desk.ts';
import { Frame } from './frame.tsx';
import type { Item, Kind, PropertyDefinition } from './world.ts';

/** Changes shown at once, and at all. */
const FIRST_CHANGES = 5;
const MOST_CHANGES = 40;

const ABOUT = [
  'amount',
  'closedate',
  'deal_currency_code',
  'contract_term_months',
  'billing_country',
  'hs_analytics_source',
  'hs_analytics_source_data_1',
  'hs_analytics_source_data_2',
];

/** Changes whenever the deal or its tasks do. The page itself asks the connector server, which asks the account: too much for every second. */
export const newsOf = (desk: Desk, deal: Item): string => `${deal.updatedAt} ${deal.history.length} ${desk.account.linked(deal.id, 'tasks').length}`;

/** A deal's record page. */
export function Deal({ desk, deal, card, said }: { desk: Desk; deal: Item; card: Answer<Card>; said: string | null }) {
  const base = desk.options.baseUrl();
  const here = `${base}/deals/${deal.id}`;
  const { pipeline, properties, links } = desk.world();
  const stage = pipeline.stages.find((known) => known.id === deal.properties.dealstage);
  const labels = (contact: string) =>
    links.filter((link) => link.deal === deal.id && link.kind === 'contacts' && link.id === contact).flatMap((link) => link.types.flatMap((type) => type.label ?? []));
  const lines = desk.account.linked(deal.id, 'line_items');
  return (
    <Frame desk={desk} title={deal.properties.dealname ?? 'Deal'} here="/deals" refresh={1} news={{ href: `${here}/news`, seen: newsOf(desk, deal) }}>
      <h1>{deal.properties.dealname}</h1>
      <Note say={said} />
      <p class="row">
        <strong>{money(deal)}</strong>
        <span class="tag">{stage?.label ?? deal.properties.dealstage}</span>
      </p>
      <details>
        <summary class="soft">Move to another stage</summary>
        <MoveForm desk={desk} deal={deal} stages={pipeline.stages} />
      </details>
      <div class="flowing">
        <CardSummary here={here} card={card} help={{ label: 'Open the account’s apps', href: `${base}/` }} />
        <section class="sheet" aria-label="Signature">
          <h2>Signature</h2>
          <Esign desk={desk} item={deal} kind="deals" empty="Nothing has been written here yet." />
        </section>
        <section class="sheet" aria-label="About this deal">
          <h2>About this deal</h2>
          <Pairs of={ABOUT.map((name) => [properties.deals[name]?.label ?? name, show(deal.properties[name] ?? null, properties.deals[name])])} />
        </section>
        <section class="sheet" aria-label="Contacts">
          <h2>Contacts</h2>
          <Rows
            empty="No contact is associated with this deal."
            items={desk.account.linked(deal.id, 'contacts')}
            row={(contact) => (
              <td>
                <a href={`${base}/contacts/${contact.id}`}>{contactName(contact)}</a>{' '}
                {labels(contact.id).map((label) => (
                  <span class="tag">{label}</span>
                ))}
                <div>{contact.properties.email ?? <span class="bad">No e-mail</span>}</div>
                <div class="soft">{contact.properties.jobtitle}</div>
              </td>
            )}
          />
        </section>
        <section class="sheet" aria-label="Line items">
          <h2>Line items</h2>
          <Rows
            empty="No line items."
            items={lines}
            row={(line) => (
              <>
                <td>{line.properties.name}</td>
                <td>
                  {line.properties.quantity} × {line.properties.price}
                </td>
              </>
            )}
          />
        </section>
        <section class="sheet" aria-label="Tasks">
          <h2>Tasks</h2>
          <Rows
            empty="No tasks."
            items={desk.account.linked(deal.id, 'tasks')}
            row={(task) => (
              <td>
                <strong>{task.properties.hs_task_subject}</strong>
                <div>{task.properties.hs_task_body}</div>
                <div class="soft">Due {day(task.properties.hs_timestamp)}</div>
              </td>
            )}
          />
        </section>
        <History desk={desk} item={deal} kind="deals" />
      </div>
      <Deletion action={`${base}/deals/${deal.id}/delete`} />
    </Frame>
  );
}

function Deletion({ action }: { action: string }) {
  return (
    <details>
      <summary class="soft">Delete this deal</summary>
      <form method="post" action={action} class="row">
        <span>It is gone for good, and the connected apps are told.</span>
        <button class="danger">Delete it</button>
      </form>
    </details>
  );
}

/** What the connector wrote, with the account's labels. */
export function Esign({ desk, item, kind, empty }: { desk: Desk; item: Item; kind: Kind; empty: string }) {
  const definitions = Object.values(desk.world().properties[kind]).filter((property) => property.name.startsWith('esign_') && item.properties[property.name]);
  if (definitions.length === 0) return <p class="soft">{empty}</p>;
  return <Pairs of={definitions.map((property) => [property.label, show(item.properties[property.name] ?? null, property)])} />;
}

function show(value: string | null, property: PropertyDefinition | undefined): Child {
  if (value === null || value === '') return null;
  if (property?.type === 'datetime') return day(/^\d+$/.test(value) ? Number(value) : value);
  if (property?.name === 'amount') return Number(value).toLocaleString('en-GB');
  if (/^https?:\/\//.test(value)) return <a href={value}>Open</a>;
  return property?.options.find((option) => option.value === value)?.label ?? value;
}

function Rows({ items, row, empty }: { items: Item[]; row: (item: Item) => Child; empty: string }) {
  if (items.length === 0) return <p class="soft">{empty}</p>;
  return (
    <table>
      {items.map((item) => (
        <tr>{row(item)}</tr>
      ))}
    </table>
  );
}

/** Of a stage the account shows its name, of any other property what the record itself shows. */
function said({ pipeline, properties }: ReturnType<Desk['world']>, kind: Kind, name: string, value: string | null): Child {
  return name === 'dealstage' ? (pipeline.stages.find(({ id }) => id === value)?.label ?? value) : show(value, properties[kind][name]);
}

function Changes({ desk, of, kind }: { desk: Desk; of: Item['history']; kind: Kind }) {
  const world = desk.world();
  return (
    <table>
      {of.map((change) => (
        <tr>
          <td>
            <strong>{world.properties[kind][change.property]?.label ?? change.property}</strong> {change.from ? <>{said(world, kind, change.property, change.from)} → </> : ''}
            {change.to ? said(world, kind, change.property, change.to) : '(cleared)'}
            <div class="soft">
              {change.by} · {day(change.at)}
            </div>
          </td>
        </tr>
      ))}
    </table>
  );
}

/** Who changed what, newest first. */
export function History({ desk, item, kind }: { desk: Desk; item: Item; kind: Kind }) {
  const changes = [...item.history].reverse().slice(0, MOST_CHANGES);
  const rest = changes.slice(FIRST_CHANGES);
  return (
    <section class="sheet" aria-label="Activity">
      <h2>Activity</h2>
      {changes.length === 0 ? <p class="soft">Nothing has changed since it was created.</p> : null}
      <Changes desk={desk} of={changes.slice(0, FIRST_CHANGES)} kind={kind} />
      {rest.length > 0 ? (
        <details>
          <summary class="soft">{rest.length} earlier changes</summary>
          <Changes desk={desk} of={rest} kind={kind} />
        </details>
      ) : null}
    </section>
  );
}
