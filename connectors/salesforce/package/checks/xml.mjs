import { SaxesParser } from 'saxes';

/**
 * @typedef {{ name: string, uri: string, line: number, attributes: Record<string, string>, children: Element[], text: string }} Element
 * `text` is what stands in the element itself, trimmed; `line` is where its start tag ends.
 */

/**
 * Reads a text as XML. Metadata has no use for a document type, so one is refused: nothing here expands entities of its own.
 * @param {string} text
 * @returns {Element}
 * @throws {Error} with the line, when the text is not well-formed
 */
export function parseXml(text) {
  const parser = new SaxesParser({ xmlns: true, position: true });
  /** @type {Element[]} */
  const open = [];
  let root;
  parser.on('error', (error) => {
    throw new Error(error.message.replace(/^undefined:/, ''));
  });
  parser.on('doctype', () => {
    throw new Error(`${parser.line}: a document type has no place here`);
  });
  parser.on('opentag', ({ local, uri, attributes }) => {
    const values = Object.fromEntries(Object.entries(attributes).map(([name, { value }]) => [name, value]));
    const element = { name: local, uri, line: parser.line, attributes: values, children: [], text: '' };
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
  });
  const take = (part) => {
    const element = open.at(-1);
    if (element) element.text += part;
  };
  parser.on('text', take);
  parser.on('cdata', take);
  parser.on('closetag', () => {
    const element = open.pop();
    if (element) element.text = element.text.trim();
  });
  parser.write(text).close();
  return root;
}

/** Children of that name. */
export const all = (element, name) => element.children.filter((child) => child.name === name);
/** Text of the first child of that name; empty where there is none. */
export const textOf = (element, name) => all(element, name)[0]?.text ?? '';

/** Every element below, itself included. */
export function* walk(element) {
  yield element;
  for (const child of element.children) yield* walk(child);
}
