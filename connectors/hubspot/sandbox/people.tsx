import { Pairs } from '#shared/sandbox/sheet.tsx';
import { contactName, day, type Desk } from './desk.ts';
import { Esign, History } from './deal.tsx';
import { Frame } from './frame.tsx';
import { preferencesIn, statusIn } from './preferences.ts';
import type { Item } from './world.ts';

/** A contact's record page. */
export function ContactPage({ desk, contact }: { desk: Desk; contact: Item }) {
  const base = desk.options.baseUrl();
  const { properties } = contact;
  const lists = Object.values(desk.world().lists).filter((list) => contact.id in list.members);
  return (
    <Frame desk={desk} title={contactName(contact)} refresh={3}>
      <h1>{contactName(contact)}</h1>
      <div class="flowing">
        <section class="sheet" aria-label="About">
          <h2>About</h2>
          <Pairs
            of={[
              ['E-mail', properties.email ?? ''],
              ['Job title', properties.jobtitle ?? ''],
              ['Country', properties.country ?? ''],
              ['Original source', properties.hs_analytics_source ?? ''],
            ]}
          />
        </section>
        <section class="sheet" aria-label="Signature">
          <h2>Signature</h2>
          <Esign desk={desk} item={contact} kind="contacts" empty="This contact has not been part of an envelope." />
        </section>
        <section class="sheet" aria-label="Lists">
          <h2>Lists</h2>
          {lists.length === 0 ? (
            <p class="soft">In no list.</p>
          ) : (
            <ul>
              {lists.map((list) => (
                <li>
                  <a href={`${base}/lists#list-${list.id}`}>{list.name}</a> <span class="soft">since {day(list.members[contact.id])}</span>
                </li>
              ))}
            </ul>
          )}
          <h2>Deals</h2>
          <ul>
            {desk.account.dealsOf('contacts', contact.id).map((deal) => (
              <li>
                <a href={`${base}/deals/${deal.id}`}>{deal.properties.dealname}</a>
              </li>
            ))}
          </ul>
        </section>
        <MarketingMail desk={desk} contact={contact} />
        <History desk={desk} item={contact} kind="contacts" />
      </div>
      <form method="post" action={`${base}/contacts/${contact.id}/erase`} class="sheet">
        <h2>Privacy</h2>
        <p>Deletes this contact for good, as the law on personal data asks, and tells the apps that are connected.</p>
        <details>
          <summary>Erase this person</summary>
          <p>This cannot be taken back.</p>
          <button class="danger">Erase for good</button>
        </details>
      </form>
    </Frame>
  );
}

const SAID = { SUBSCRIBED: 'Subscribed', UNSUBSCRIBED: 'Unsubscribed', NOT_SPECIFIED: 'Never said' } as const;

/** What the contact said of each subscription, with the link that every marketing mail has at its end. */
function MarketingMail({ desk, contact }: { desk: Desk; contact: Item }) {
  const { email } = contact.properties;
  if (!email) return null;
  const world = desk.world();
  const subscriptions = preferencesIn(world).definitions.filter(({ isActive }) => isActive);
  return (
    <section class="sheet" aria-label="Marketing e-mail">
      <h2>Marketing e-mail</h2>
      <Pairs of={subscriptions.map(({ id, name }): [string, string] => [name, SAID[statusIn(world, email, id)]])} />
      {contact.properties.hs_email_optout === 'true' ? (
        <p class="note">This person has unsubscribed from all e-mail.</p>
      ) : (
        <form method="post" action={`${desk.options.baseUrl()}/contacts/${contact.id}/leave`}>
          <button class="plain">Unsubscribe from everything</button>
        </form>
      )}
    </section>
  );
}

export function Lists({ desk }: { desk: Desk }) {
  const base = desk.options.baseUrl();
  const lists = Object.values(desk.world().lists);
  return (
    <Frame desk={desk} title="Lists" here="/lists" refresh={3}>
      <h1>Lists</h1>
      {lists.length === 0 ? <p class="note">No lists yet. Countersign makes one when a mapping first adds somebody to it.</p> : null}
      <div class="grid">
        {lists.map((list) => {
          const members = Object.keys(list.members).flatMap((id) => desk.account.find('contacts', id) ?? []);
          return (
            <section class="sheet" id={`list-${list.id}`}>
              <h2>
                {list.name} <span class="soft">{members.length}</span>
              </h2>
              {members.length === 0 ? <p class="soft">Nobody is in it.</p> : null}
              <ul>
                {members.map((contact) => (
                  <li>
                    <a href={`${base}/contacts/${contact.id}`}>{contactName(contact)}</a> <span class="soft">since {day(list.members[contact.id])}</span>
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
