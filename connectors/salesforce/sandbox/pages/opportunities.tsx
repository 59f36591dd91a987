import { Note } from '#shared/sandbox/sheet.tsx';
import { StatusTag } from '#shared/sandbox/status.tsx';
import { liveRows, money, words, type Desk } from '../desk.ts';
import type { Row } from '../org/state.ts';
import { Frame } from './frame.tsx';

/** The list view of all opportunities. */
export function Opportunities({ desk, said }: { desk: Desk; said: string | null }) {
  const base = desk.options.baseUrl();
  const rows = liveRows(desk, 'Opportunity').sort((a, b) => (String(a.values.SystemModstamp) < String(b.values.SystemModstamp) ? 1 : -1));
  const account = (row: Row) => desk.org.store.find('Account', String(row.values.AccountId))?.values.Name;
  return (
    <Frame desk={desk} title="Opportunities" here="/opportunities" refresh={2}>
      <h1>All opportunities</h1>
      <Note say={said} />
      <section class="sheet">
        <table class="stacked">
          <thead>
            <tr>
              {['Opportunity', 'Account', 'Stage', 'Amount', 'E-sign'].map((name) => (
                <th scope="col">{name}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr>
                <td>
                  <a href={`${base}/opportunities/${row.id}`}>{row.values.Name}</a>
                </td>
                <td data-label="Account">{words(account(row))}</td>
                <td data-label="Stage">{row.values.StageName}</td>
                <td data-label="Amount">{money(desk, row)}</td>
                <td data-label="E-sign">
                  <StatusTag status={row.values.Esign_Status__c} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {rows.length === 0 ? <p class="soft">There are no opportunities left in this org.</p> : null}
      </section>
    </Frame>
  );
}
