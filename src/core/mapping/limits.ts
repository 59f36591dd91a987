/** Bounds of the mapping language. Whoever meets one is told its value: nothing is cut in silence. */
export const LIMITS = {
  /** Size of one mapping file, in UTF-8 bytes. */
  mappingBytes: 64 * 1024,
  /** How deep the values of a file may be nested; what a mapping can say needs ten. */
  yamlDepth: 64,
  /** Length of one expression, in characters. */
  expressionChars: 4_000,
  /** Nodes, depth and list literals of one parsed expression. */
  expressionNodes: 300,
  expressionDepth: 20,
  listElements: 50,
  /** A text that an expression reads from a record, or gives back. */
  textChars: 8_000,
  /** Items of a list, such as a deal's lines, that an expression may read. */
  listItems: 200,
  /** Subject of an envelope; the narrowest provider takes 100. */
  subjectChars: 100,
  /** One attribution value; providers take 100 in a custom field. */
  attributionChars: 100,
  /** Faults that are told at once. */
  faults: 200,
} as const;
