import { isObject } from '#lib/json';

/** Text as JSON laid out for reading; as it is where it is no JSON. */
export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** A JSON object's members; none where the text holds no object. */
export function objectOf(text: string | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** A value for a person: texts as they are, the rest as JSON. */
export const plain = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

export function Data({ text, label }: { text: string; label?: string }) {
  return (
    <pre class="data" tabindex={0} aria-label={label ?? 'Data'}>
      {pretty(text)}
    </pre>
  );
}

/** An id that can be copied; the button appears only where the browser can copy. */
export function Id({ value }: { value: string }) {
  return (
    <span class="id">
      <code>{value}</code>
      <button type="button" class="copy" data-copy={value} hidden>
        Copy
      </button>
    </span>
  );
}

export function Facts({ rows }: { rows: [string, unknown][] }) {
  const shown = rows.filter(([, value]) => value !== null && value !== undefined && value !== '');
  return (
    <dl>
      {shown.map(([name, value]) => (
        <>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </>
      ))}
    </dl>
  );
}
