import type { MappingFault } from '#flow/desk';
import { counted } from './counted.ts';

/** A fault in any text that people write here. */
export type PlacedFault = Omit<MappingFault, 'kind'>;

/** Faults of a mapping with their places, errors first; or the good news. */
export function FaultList({ faults, href }: { faults: readonly PlacedFault[]; href: (fault: PlacedFault) => string }) {
  if (faults.length === 0) return <p class="good">✓ No faults.</p>;
  const errors = faults.filter((fault) => fault.level === 'error').length;
  const ordered = [...faults].sort((a, b) => Number(a.level === 'warning') - Number(b.level === 'warning') || a.line - b.line);
  return (
    <>
      <p class={errors > 0 ? 'bad' : 'warn-text'}>
        {errors > 0 ? counted(errors, 'fault') : 'No faults'}
        {faults.length > errors ? `, ${counted(faults.length - errors, 'warning')}` : ''}
      </p>
      <ul class="faults">
        {ordered.map((fault) => (
          <li class={fault.level}>
            <a href={href(fault)} data-line={String(fault.line)}>
              Line {fault.line}
            </a>
            <div>
              {fault.say}
              {fault.suggestion ? <p class="suggestion">{fault.suggestion}</p> : null}
              {fault.path ? <code class="soft small">{fault.path}</code> : null}
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}
