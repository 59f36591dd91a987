import type { Money } from '#core/money';
import { sayMoney } from '#core/money';
import type { Report, ReportBy, ReportRow, Spread } from '#core/report';
import { sayDuration } from '#core/report-ask';
import { ENDINGS, STOPS, type Ending, type Stop } from '#core/report-story';
import { percent } from './report-chart.tsx';

export const BY_WORDS: Record<ReportBy, string> = { source: 'Source', medium: 'Medium', campaign: 'Campaign', template: 'Template', owner: 'Owner' };

export const nameOf = (key: string): string => (key === '' ? 'Not told' : key);
export const sayValue = (value: readonly Money[]): string => (value.length === 0 ? '–' : value.map(sayMoney).join(' + '));

export function Key({ name }: { name: string }) {
  return name === '' ? <span class="soft">Not told</span> : <>{name}</>;
}

const NUMBERS = ['Sent', 'Viewed', 'Signed', 'Signed value'] as const;

export function GroupTable({ report }: { report: Report }) {
  return (
    <table class="list numbers">
      <caption class="sr">Envelopes and signed value by {BY_WORDS[report.by].toLowerCase()}</caption>
      <thead>
        <tr>
          <th scope="col">{BY_WORDS[report.by]}</th>
          {NUMBERS.map((name) => (
            <th scope="col" class="number">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {report.rows.map((row) => (
          <tr>
            <th scope="row" data-label={BY_WORDS[report.by]}>
              <Key name={row.key} />
            </th>
            <Counts row={row} />
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">Together</th>
          <Counts row={report.total} />
        </tr>
      </tfoot>
    </table>
  );
}

function Counts({ row }: { row: Omit<ReportRow, 'key'> }) {
  return (
    <>
      <td data-label="Sent" class="number">
        {row.sent}
      </td>
      <td data-label="Viewed" class="number">
        {row.viewed} <span class="soft">{percent(row.viewed, row.sent)}</span>
      </td>
      <td data-label="Signed" class="number">
        {row.signed} <span class="soft">{percent(row.signed, row.sent)}</span>
      </td>
      <td data-label="Signed value" class="number">
        {sayValue(row.value)}
      </td>
    </>
  );
}

const TIMES = [
  ['touchToSend', 'First touch → sent'],
  ['sendToView', 'Sent → viewed'],
  ['viewToSign', 'Viewed → signed'],
] as const;

export function TimeTable({ report }: { report: Report }) {
  const rows = [...report.rows.filter((row) => row.sent > 0).map((row) => ({ ...row, name: <Key name={row.key} /> })), { ...report.total, name: <>Together</> }];
  return (
    <table class="list numbers">
      <caption class="sr">How long it took, by {BY_WORDS[report.by].toLowerCase()}</caption>
      <thead>
        <tr>
          <th scope="col">{BY_WORDS[report.by]}</th>
          {TIMES.map(([, name]) => (
            <th scope="col" class="number">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr>
            <th scope="row">{row.name}</th>
            {TIMES.map(([time, name]) => (
              <td data-label={name} class="number">
                <Took spread={row[time]} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Took({ spread: { count, medianMs, p90Ms } }: { spread: Spread }) {
  if (count === 0) return <span class="soft">–</span>;
  return (
    <>
      {sayDuration(medianMs)}{' '}
      <span class="soft">
        90 %: {sayDuration(p90Ms)} · {count}
      </span>
    </>
  );
}

export const STOP_WORDS: Record<Stop, string> = { 'not-viewed': 'Sent, never viewed', 'not-signed': 'Viewed, nobody signed', 'partly-signed': 'Some signed, not all' };
const ENDING_WORDS: Record<Ending, string> = { open: 'Still out', declined: 'Declined', ended: 'Expired or voided' };

export function StopTable({ stops }: { stops: Report['stops'] }) {
  return (
    <table class="list numbers">
      <caption class="sr">Where envelopes stand that are not signed</caption>
      <thead>
        <tr>
          <th scope="col">Where it stopped</th>
          {ENDINGS.map((ending) => (
            <th scope="col" class="number">
              {ENDING_WORDS[ending]}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {STOPS.map((stop) => (
          <tr>
            <th scope="row">{STOP_WORDS[stop]}</th>
            {ENDINGS.map((ending) => (
              <td data-label={ENDING_WORDS[ending]} class="number">
                {stops[stop][ending]}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
