import type { Child } from 'hono/jsx';

/** Pairs of a name and what it holds; what is empty shows as a dash. */
export function Pairs(props: { of: [label: string, value: Child][] }) {
  return (
    <dl>
      {props.of.map(([label, value]) => (
        <>
          <dt>{label}</dt>
          <dd>{value === null || value === undefined || value === '' ? <span class="soft">–</span> : value}</dd>
        </>
      ))}
    </dl>
  );
}

/** What a page says about what was just done. */
export function Note({ say }: { say: string | null }) {
  return say ? (
    <p class="note" role="status">
      {say}
    </p>
  ) : null;
}

/** API calls so far, the most frequent first. */
export function CallTable({ calls }: { calls: Record<string, number> }) {
  const rows = Object.entries(calls).sort(([, a], [, b]) => b - a);
  return (
    <>
      {rows.length === 0 ? <p class="soft">None.</p> : null}
      <table>
        {rows.map(([route, count]) => (
          <tr>
            <td>
              <code>{route}</code>
            </td>
            <td>{count}</td>
          </tr>
        ))}
      </table>
    </>
  );
}
