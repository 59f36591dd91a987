import { Pairs } from '#shared/sandbox/sheet.tsx';
import { childrenOf, liveRows, words, type Desk } from '../desk.ts';
import type { Row } from '../org/state.ts';
import { Frame } from './frame.tsx';

const ABOUT = ['Email', 'Title', 'Phone', 'MailingCountry', 'LeadSource', 'HasOptedOutOfEmail'];

/** A contact's record page. */
export function ContactPage({ desk, contact }: { desk: Desk; contact: Row }) {
  const base = desk.options.baseUrl();
  const fields = desk.org.schema().own('Contact')?.fields ?? [];
  const esign = fields.filter(({ def }) => def.packaged && contact.values[def.name] != null);
  const roles = childrenOf(desk, 'OpportunityContactRole', 'ContactId', contact.id);
  const memberships = childrenOf(desk, 'CampaignMember', 'ContactId', contact.id);
  const nameOf = (type: string, id: unknown) => words(desk.org.store.find(type, String(id))?.values.Name);
  return (
    <Frame desk={desk} title={words(contact.values.Name)} refresh={3}>
      <h1>{contact.values.Name}</h1>
      <div class="flowing">
        <section class="sheet" aria-label="Details">
          <h2>Details</h2>
          <Pairs of={ABOUT.map((name) => [fields.find(({ def }) => def.name === name)?.def.label ?? name, words(contact.values[name])])} />
        </section>
        <section class="sheet" aria-label="E-sign">
          <h2>E-sign</h2>
          {esign.length === 0 ? (
            <p class="soft">This contact has not been part of an envelope.</p>
          ) : (
            <Pairs of={esign.map(({ def }) => [def.label, words(contact.values[def.name])])} />
          )}
        </section>
        <section class="sheet" aria-label="Related">
          <h2>Opportunities</h2>
          <ul>
            {roles.map(({ values }) => (
              <li>
                <a href={`${base}/opportunities/${String(values.OpportunityId)}`}>{nameOf('Opportunity', values.OpportunityId)}</a> <span class="soft">{values.Role}</span>
              </li>
            ))}
          </ul>
          <h2>Campaigns</h2>
          {memberships.length === 0 ? <p class="soft">In no campaign.</p> : null}
          <ul>
            {memberships.map(({ values }) => (
              <li>
                <a href={`${base}/campaigns`}>{nameOf('Campaign', values.CampaignId)}</a> <span class="soft">{values.Status}</span>
              </li>
            ))}
          </ul>
        </section>
      </div>
      <details>
        <summary class="soft">Delete this contact</summary>
        <form method="post" action={`${base}/contacts/${contact.id}/delete`} class="row">
          <span>It goes to the recycle bin, and its roles with it.</span>
          <button class="danger">Delete it</button>
        </form>
      </details>
    </Frame>
  );
}

export function Campaigns({ desk }: { desk: Desk }) {
  const base = desk.options.baseUrl();
  return (
    <Frame desk={desk} title="Campaigns" here="/campaigns" refresh={3}>
      <h1>Campaigns</h1>
      <div class="grid">
        {liveRows(desk, 'Campaign').map((campaign) => {
          const members = childrenOf(desk, 'CampaignMember', 'CampaignId', campaign.id);
          return (
            <section class="sheet" id={campaign.id}>
              <h2>
                {campaign.values.Name} <span class="soft">{members.length}</span>
              </h2>
              <p class="soft">
                {campaign.values.Status} · {campaign.values.NumberOfResponses ?? 0} responded
              </p>
              {members.length === 0 ? <p class="soft">Nobody is in it.</p> : null}
              <ul>
                {members.map(({ values }) => (
                  <li>
                    {values.ContactId === null ? words(values.Name) : <a href={`${base}/contacts/${String(values.ContactId)}`}>{values.Name}</a>}{' '}
                    <span class={values.HasResponded === true ? 'tag fine' : 'tag'}>{values.Status}</span>
                  </li>
                ))}
              </ul>
            </section>
          );
        })}
      </div>
    </Frame>
  );
}
