const UNKNOWN = 'Something went wrong. Reload the page and try again.';
/** Apex puts the code of the server's table of problems behind its sentence. */
const WITH_CODE = /^([\s\S]*?)\s*\[([a-z]+(?:[.-][a-z]+)*)\]$/;

/**
 * Takes apart whatever a call to Apex may throw: the server's own sentence and its code.
 * @param {unknown} error
 * @returns {{ code: string, message: string }} code is empty where there is none
 */
export function serverMessage(error) {
  const text = textsOf(error).join(' ').trim();
  if (!text) return { code: '', message: UNKNOWN };
  const [, message, code] = WITH_CODE.exec(text) ?? [];
  return message ? { code, message } : { code: '', message: text };
}

/** Lightning has one shape for Apex, one for lists of faults, one for pages and one for scripts. */
function textsOf(error) {
  if (typeof error === 'string') return [error];
  if (Array.isArray(error)) return error.flatMap(textsOf);
  if (!error) return [];
  if (error.body !== undefined) return textsOf(error.body);
  const listed = [...(error.pageErrors ?? []), ...Object.values(error.fieldErrors ?? {}).flat(), ...(error.output?.errors ?? [])].flatMap(textsOf);
  if (listed.length > 0) return listed;
  return error.message ? [String(error.message)] : [];
}
