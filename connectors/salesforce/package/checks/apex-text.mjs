/** What other files need to know of an Apex class, read from its text; the grammar is checked by a parser of its own (apex.mjs). */

/** The text without comments and without what stands in quotes: names in prose are no references. */
export const bare = (source) => source.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'/g, ' ');
/** The same with literals kept: queries and formulas name fields too. */
const uncommented = (source) => source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/[^\n]*/gm, ' ');

export const isInvocable = (source) => /@InvocableMethod\b/.test(bare(source));

/** Inputs of an invocable action by name, with whether they must be given. Outputs are in a class named Result. */
export function inputsOf(source) {
  const [request = ''] = bare(source).split(/\bclass\s+Result\b/);
  return new Map(
    [...request.matchAll(/@InvocableVariable\s*(\([^)]*\))?\s*(?:public|global)\s+\w+\s+(\w+)\s*;/g)].map(([, options = '', name]) => [name, /required\s*=\s*true/.test(options)]),
  );
}

/** Methods that a Lightning web component may import. */
export const methodsOf = (source) =>
  new Set([...bare(source).matchAll(/@AuraEnabled\s*(?:\([^)]*\))?\s*(?:public|global)\s+static\s+[\w<>,.\s]+?\s+(\w+)\s*\(/g)].map(([, name]) => name));

/** Custom names that a class uses, wherever they stand. */
export const customNames = (source) => new Set([...uncommented(source).matchAll(/\b[A-Za-z]\w*?__[cer]\b/g)].map(([name]) => name));
