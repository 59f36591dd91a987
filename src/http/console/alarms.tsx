import type { AlarmsTable } from '#store/schema';
import { at, type ConsoleContext } from './context.ts';
import { counted } from './counted.ts';
import { When } from './when.tsx';

/** Where a person does something about an alarm. */
const PLACES: Readonly<Record<string, { label: string; path: (subject: string) => string }>> = {
  'sends-held': { label: 'Review', path: (subject) => `/held/${subject}` },
  'dead-letters': { label: 'Open the dead letters', path: () => '/outbox?state=parked' },
  'dead-notices': { label: 'Open the dead letters', path: () => '/inbox?state=dead' },
};

function linkOf(c: ConsoleContext, { code, subject }: AlarmsTable) {
  const place = PLACES[code];
  return place ? (
    <>
      {' · '}
      <a href={at(c, place.path(subject))}>{place.label}</a>
    </>
  ) : null;
}

/** What somebody has to be told, the latest first. */
export function Alarms({ c, alarms }: { c: ConsoleContext; alarms: AlarmsTable[] }) {
  const now = c.var.options.clock.now();
  return (
    <>
      {alarms.map((alarm) => (
        <div class="note bad" role="alert">
          <p>
            <strong>{alarm.say}</strong>
          </p>
          <p class="soft">
            <code>{alarm.code}</code> · {alarm.count === 1 ? 'once' : counted(alarm.count, 'time')}, last <When at={alarm.last_at} now={now} />
            {linkOf(c, alarm)}
          </p>
        </div>
      ))}
    </>
  );
}
