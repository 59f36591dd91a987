import { ApexErrorListener, ApexParserFactory } from '@apexdevtools/apex-parser';

/** Gathers what lexer and parser stumble over. */
class Listener extends ApexErrorListener {
  /** @type {string[]} */
  faults = [];

  apexSyntaxError(line, column, message) {
    this.faults.push(`${line}:${column} ${message}`);
  }
}

/**
 * Parses every Apex class by the grammar of the language. Types and names are an org's to check.
 * @param {Map<string, string>} files by path
 */
export function apexFaults(files) {
  const classes = [...files].filter(([path]) => path.endsWith('.cls'));
  const faults = classes.flatMap(([path, source]) => {
    const listener = new Listener();
    const { parser } = ApexParserFactory.createLexerAndParser(source, listener);
    parser.compilationUnit();
    return listener.faults.map((fault) => `${path}:${fault}`);
  });
  return { faults, parsed: classes.length };
}
