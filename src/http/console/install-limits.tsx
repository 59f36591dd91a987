import { standingOf, type Standing } from '#core/standing';
import type { InstallView } from '#store/view';
import type { ConsoleContext } from './context.ts';
import { When } from './when.tsx';

const figure = (value: number): string => value.toLocaleString('en');

/** What the vendor said last of how many calls the account may make, what of it we take, and when it ends at this rate. */
export function InstallLimits({ c, install }: { c: ConsoleContext; install: InstallView }) {
  const now = c.var.options.clock.now();
  const standings = standingOf(install, now);
  if (standings.length === 0 || install.state === 'left') return null;
  const told = standings.filter(({ forecast }) => forecast !== null);
  return (
    <section aria-label="Calls that the vendor allows">
      <h3>Calls that the vendor allows</h3>
      <table class="list numbers">
        <thead>
          <tr>
            <th scope="col">Window</th>
            <th scope="col">Used</th>
            <th scope="col">Left</th>
            <th scope="col">Countersign takes</th>
            <th scope="col">Heard</th>
          </tr>
        </thead>
        <tbody>
          {standings.map((one) => (
            <tr>
              <td data-label="Window">{one.window}</td>
              <td data-label="Used">
                {figure(one.used)} of {figure(one.limit)}
              </td>
              <td data-label="Left">{figure(one.left)}</td>
              <td data-label="Countersign takes">{shareOf(one)}</td>
              <td data-label="Heard">
                <When at={one.heardAt} now={now} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {told.map(({ forecast }) => (
        <p class="note warn">{forecast}</p>
      ))}
    </section>
  );
}

function shareOf({ ours, own }: Standing): string {
  if (ours === null) return 'what is left';
  return own === null ? `at most ${figure(ours)}` : `${figure(own)} of at most ${figure(ours)}`;
}
