import { Note } from '#shared/sandbox/sheet.tsx';
import { StatusTag } from '#shared/sandbox/status.tsx';
import { contactName, money, type Desk } from './desk.ts';
import { Frame } from './frame.tsx';
import type { Item, Stage } from './world.ts';

/** The pipeline as columns. Cards are dragged by the board's script; without it, each card has a form that does the same. */
export function Board({ desk, moved }: { desk: Desk; moved: string | null }) {
  const { stages, label } = desk.world().pipeline;
  const deals = desk.account.all('deals');
  return (
    <Frame desk={desk} title="Deals" here="/deals" board refresh={1}>
      <h1>{label}</h1>
      <Note say={moved} />
      {deals.length === 0 ? <p class="note">There are no deals left in this account.</p> : null}
      <div class="board">
        {stages.map((stage) => {
          const here = deals.filter((deal) => deal.properties.dealstage === stage.id).sort((a, b) => b.updatedAt - a.updatedAt);
          return (
            <section class="column" data-stage={stage.id} aria-label={stage.label}>
              <h2>
                {stage.label} <span class="soft">{here.length}</span>
              </h2>
              {here.length === 0 ? <p class="soft">Drop a deal here.</p> : here.map((deal) => <DealCard desk={desk} deal={deal} stages={stages} />)}
            </section>
          );
        })}
      </div>
    </Frame>
  );
}

function DealCard({ desk, deal, stages }: { desk: Desk; deal: Item; stages: Stage[] }) {
  const base = desk.options.baseUrl();
  const [contact] = desk.account.linked(deal.id, 'contacts');
  const status = deal.properties.esign_status;
  return (
    <article class="card" draggable={true} data-deal={deal.id}>
      <a href={`${base}/deals/${deal.id}`} draggable={false}>
        <strong>{deal.properties.dealname}</strong>
      </a>
      <div>{money(deal)}</div>
      <div class="soft">{contact ? contactName(contact) : 'No contact'}</div>
      {status ? (
        <div>
          <StatusTag status={status} />
        </div>
      ) : null}
      <details>
        <summary class="soft">
          Move<span class="sr"> {deal.properties.dealname}</span>
        </summary>
        <MoveForm desk={desk} deal={deal} stages={stages} />
      </details>
    </article>
  );
}

export function MoveForm({ desk, deal, stages }: { desk: Desk; deal: Item; stages: Stage[] }) {
  return (
    <form method="post" action={`${desk.options.baseUrl()}/deals/${deal.id}/move`} class="row">
      <select name="stage" aria-label={`Move ${deal.properties.dealname ?? 'deal'} to`}>
        {stages.map((stage) => (
          <option value={stage.id} selected={stage.id === deal.properties.dealstage}>
            {stage.label}
          </option>
        ))}
      </select>
      <button class="plain">Move</button>
    </form>
  );
}
