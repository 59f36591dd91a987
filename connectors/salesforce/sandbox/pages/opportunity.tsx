import type { Child } from 'hono/jsx';
import type { Answer, Card } from '#shared/sandbox/card';
import { CardSummary } from '#shared/sandbox/card-summary.tsx';
import { Note, Pairs } from '#shared/sandbox/sheet.tsx';
import { spoken, StatusTag } from '#shared/sandbox/status.tsx';
import { childrenOf, money, words, type Desk } from '../desk.ts';
import type { Row } from '../org/state.ts';
import { Frame } from './frame.tsx';

const ABOUT = ['CloseDate', 'Probability', 'Type', 'LeadSource', 'Contract_Term_Months__c', 'UTM_Source__c', 'UTM_Medium__c', 'UTM_Campaign__c', 'NextStep'];

/** Changes whenever the opportunity or what hangs on it does. The page itself asks the connector server: too much for every second. */
export function newsOf(desk: Desk, row: Row): string {
  const around = ['OpportunityHistory', 'Task', 'Envelope__c'].map((type) =>
    childrenOf(desk, type, { OpportunityHistory: 'OpportunityId', Task: 'WhatId' }[type] ?? 'Opportunity__c', row.id),
  );
  const recipients = (around[2] ?? []).flatMap((envelope) => childrenOf(desk, 'Envelope_Recipient__c', 'Envelope__c', envelope.id));
  return [row, ...around.flat(), ...recipients]
    .map(({ id, values }) => `${id.slice(-6)}${String(values.SystemModstamp)}${String(values.Status__c ?? values.Esign_Status__c ?? '')}`)
    .join(' ');
}

/** An opportunity's record page. */
export function OpportunityPage({ desk, row, card, said }: { desk: Desk; row: Row; card: Answer<Card>; said: string | null }) {
  const base = desk.options.baseUrl();
  const here = `${base}/opportunities/${row.id}`;
  const { store, state } = desk.org;
  const { values } = row;
  const nameOf = (type: string, id: unknown) => words(store.find(type, String(id))?.values.Name);
  const fields = desk.org.schema().own('Opportunity')?.fields ?? [];
  const esign = fields.filter(({ def }) => def.packaged && values[def.name] != null);
  const labelOf = (name: string) => fields.find(({ def }) => def.name === name)?.def.label ?? name;
  return (
    <Frame desk={desk} title={words(values.Name)} here="/opportunities" refresh={1} news={{ href: `${here}/news`, seen: newsOf(desk, row) }}>
      <h1>{values.Name}</h1>
      <Note say={said} />
      <Path desk={desk} row={row} />
      <div class="flowing">
        <CardSummary here={here} card={card} help={{ label: 'Open Setup', href: `${base}/setup` }} />
        <section class="sheet" aria-label="E-sign">
          <h2>E-sign</h2>
          {state.package.installed ? null : <p class="note bad">The Countersign package is not installed.</p>}
          {esign.length === 0 ? <p class="soft">Nothing has been written here yet.</p> : <Pairs of={esign.map(({ def }) => [def.label, shown(values[def.name])])} />}
        </section>
        <Envelopes desk={desk} row={row} />
        <section class="sheet" aria-label="Details">
          <h2>Details</h2>
          <Pairs
            of={[
              ['Amount', money(desk, row)],
              ['Account', nameOf('Account', values.AccountId)],
              ['Owner', nameOf('User', values.OwnerId)],
              ['Record type', nameOf('RecordType', values.RecordTypeId)],
              ...ABOUT.map((name): [string, Child] => [labelOf(name), words(values[name])]),
            ]}
          />
        </section>
        <ContactRoles desk={desk} row={row} />
        <Products desk={desk} row={row} />
        <Files desk={desk} row={row} />
        <Tasks desk={desk} row={row} />
        <StageHistory desk={desk} row={row} />
      </div>
      <details>
        <summary class="soft">Delete this opportunity</summary>
        <form method="post" action={`${base}/opportunities/${row.id}/delete`} class="row">
          <span>It goes to the recycle bin.</span>
          <button class="danger">Delete it</button>
        </form>
      </details>
    </Frame>
  );
}

function shown(value: Row['values'][string] | undefined): Child {
  return typeof value === 'string' && /^https?:\/\//.test(value) ? <a href={value}>Open</a> : words(value);
}

/** The stages of the record type, each a button. */
function Path({ desk, row }: { desk: Desk; row: Row }) {
  const { store, state } = desk.org;
  const allowed = state.stagesOf[String(row.values.RecordTypeId)];
  const stages = store
    .all('OpportunityStage')
    .map(({ values }) => values)
    .filter(({ ApiName, IsActive }) => (IsActive === true && (!allowed || allowed.includes(String(ApiName)))) || ApiName === row.values.StageName)
    .sort((a, b) => Number(a.SortOrder) - Number(b.SortOrder));
  return (
    <form method="post" action={`${desk.options.baseUrl()}/opportunities/${row.id}/stage`} class="row path" aria-label="Stage">
      {stages.map(({ ApiName, MasterLabel }) => {
        const here = ApiName === row.values.StageName;
        return (
          <button name="stage" value={String(ApiName)} class={here ? '' : 'plain'} aria-current={here ? 'step' : undefined} disabled={here}>
            {MasterLabel}
          </button>
        );
      })}
    </form>
  );
}

function Rows<T>({ label, empty, items, row }: { label: string; empty: string; items: T[]; row: (item: T) => Child }) {
  return (
    <section class="sheet" aria-label={label}>
      <h2>
        {label} <span class="soft">{items.length}</span>
      </h2>
      {items.length === 0 ? <p class="soft">{empty}</p> : null}
      <table>
        {items.map((item) => (
          <tr>{row(item)}</tr>
        ))}
      </table>
    </section>
  );
}

function Envelopes({ desk, row }: { desk: Desk; row: Row }) {
  if (!desk.org.state.package.installed) return null;
  return (
    <Rows
      label="Envelopes"
      empty="No envelopes."
      items={childrenOf(desk, 'Envelope__c', 'Opportunity__c', row.id)}
      row={(envelope) => (
        <td>
          <strong>{envelope.values.Name}</strong> <StatusTag status={envelope.values.Status__c} />
          <div>{envelope.values.Template__c}</div>
          {childrenOf(desk, 'Envelope_Recipient__c', 'Envelope__c', envelope.id).map((recipient) => (
            <div class="soft">
              {recipient.values.Role__c}: {spoken(words(recipient.values.Status__c))}
            </div>
          ))}
        </td>
      )}
    />
  );
}

function ContactRoles({ desk, row }: { desk: Desk; row: Row }) {
  const base = desk.options.baseUrl();
  return (
    <Rows
      label="Contact roles"
      empty="No contact plays a role here."
      items={childrenOf(desk, 'OpportunityContactRole', 'OpportunityId', row.id)}
      row={(role) => {
        const contact = desk.org.store.find('Contact', String(role.values.ContactId));
        return (
          <td>
            <a href={`${base}/contacts/${contact?.id ?? ''}`}>{contact?.values.Name}</a> {role.values.Role === null ? null : <span class="tag">{role.values.Role}</span>}
            <div>{contact?.values.Email ?? <span class="bad">No e-mail</span>}</div>
            <div class="soft">{contact?.values.Title}</div>
          </td>
        );
      }}
    />
  );
}

function Products({ desk, row }: { desk: Desk; row: Row }) {
  return (
    <Rows
      label="Products"
      empty="No products."
      items={childrenOf(desk, 'OpportunityLineItem', 'OpportunityId', row.id)}
      row={({ values }) => (
        <>
          <td>{words(desk.org.store.find('Product2', String(values.Product2Id))?.values.Name)}</td>
          <td>
            {values.Quantity} × {values.UnitPrice}
          </td>
        </>
      )}
    />
  );
}

function Files({ desk, row }: { desk: Desk; row: Row }) {
  const base = desk.options.baseUrl();
  return (
    <Rows
      label="Files"
      empty="No files."
      items={childrenOf(desk, 'ContentDocumentLink', 'LinkedEntityId', row.id)}
      row={(link) => {
        const document = desk.org.store.find('ContentDocument', String(link.values.ContentDocumentId))?.values;
        return (
          <td>
            <a href={`${base}/files/${String(document?.LatestPublishedVersionId)}`}>{document?.Title}</a>
            <div class="soft">
              {document?.FileType} · {document?.ContentSize} bytes
            </div>
          </td>
        );
      }}
    />
  );
}

function Tasks({ desk, row }: { desk: Desk; row: Row }) {
  return (
    <Rows
      label="Tasks"
      empty="No tasks."
      items={childrenOf(desk, 'Task', 'WhatId', row.id)}
      row={({ values }) => (
        <td>
          <strong>{values.Subject}</strong> {values.IsHighPriority === true ? <span class="tag wrong">High</span> : null}
          <div>{values.Description}</div>
          <div class="soft">
            {words(desk.org.store.find('User', String(values.OwnerId))?.values.Name)} · due {words(values.ActivityDate)}
          </div>
        </td>
      )}
    />
  );
}

function StageHistory({ desk, row }: { desk: Desk; row: Row }) {
  return (
    <Rows
      label="Stage history"
      empty="None."
      items={childrenOf(desk, 'OpportunityHistory', 'OpportunityId', row.id).reverse()}
      row={({ values }) => (
        <td>
          {values.StageName}
          <div class="soft">
            {words(desk.org.store.find('User', String(values.CreatedById))?.values.Name)} · {words(values.CreatedDate)}
          </div>
        </td>
      )}
    />
  );
}
