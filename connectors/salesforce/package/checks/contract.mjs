import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { all, parseXml } from './xml.mjs';
import { SHORT_CONTRACT } from './short-contract.mjs';

/**
 * The Metadata API's own contract: its WSDL, type by type, as `specs/salesforce/metadata/*.json` quotes it beside the checkout.
 * @typedef {{ type: string, many: boolean, required: boolean }} Slot
 * @typedef {{ base: string, slots: Map<string, Slot> }} Shape
 * @typedef {{ shapes: Map<string, Shape>, words: Map<string, Set<string>>, full: boolean }} Contract
 */
const XSD = 'http://www.w3.org/2001/XMLSchema';

/**
 * @param {string} folder of the specifications. Where it is absent only the short contract is left: the caller says so aloud.
 * @returns {Contract}
 */
export function readContract(folder) {
  const contract = { shapes: new Map(), words: new Map(), full: existsSync(folder) };
  for (const line of SHORT_CONTRACT) learnLine(contract, line);
  if (!contract.full) return contract;
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.json'))) {
    const { wsdl_segment: wsdl } = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    if (wsdl) learnWsdl(contract, wsdl.replace(/^```xml\n|```$/g, ''));
  }
  return contract;
}

function learnWsdl(contract, wsdl) {
  for (const type of parseXml(`<all xmlns:xsd="${XSD}">${wsdl}</all>`).children) {
    if (type.name === 'simpleType') contract.words.set(type.attributes.name, wordsOf(type));
    else contract.shapes.set(type.attributes.name, shapeOf(type));
  }
}
const wordsOf = (type) => new Set(all(type.children[0], 'enumeration').map(({ attributes }) => attributes.value));

function shapeOf(type) {
  const extension = all(type, 'complexContent')[0]?.children[0];
  const slots = (extension ?? type).children.flatMap((child) => child.children);
  return {
    base: local(extension?.attributes.base ?? ''),
    slots: new Map(
      slots.map(({ attributes: { name, type: of, minOccurs, maxOccurs } }) => [name, { type: local(of), many: maxOccurs === 'unbounded', required: minOccurs !== '0' }]),
    ),
  };
}
const local = (name = '') => name.split(':').at(-1);

/** A line of the short contract: `Name < Base: slot slot:Type slot*:Type`, or `Name = word | word`. */
function learnLine({ shapes, words }, line) {
  const [, name, base = '', rest] = /^(\w+)(?: < (\w+))?: (.*)$/.exec(line) ?? [];
  if (!name) {
    const [word, list] = line.split(' = ');
    words.set(word, new Set(list.split(' | ')));
    return;
  }
  const slots = rest.split(' ').map((slot) => /^(\w+)(\*?)(!?)(?::(\w+))?$/.exec(slot) ?? []);
  shapes.set(name, { base, slots: new Map(slots.map(([, slot, many, required, type = 'string']) => [slot, { type, many: many === '*', required: required === '!' }])) });
}

/** The slots of a shape with those that it inherits. */
function slotsOf(contract, name) {
  const shape = contract.shapes.get(name);
  return shape ? new Map([...slotsOf(contract, shape.base), ...shape.slots]) : new Map();
}

const PLAIN = { boolean: /^(true|false)$/, int: /^-?\d+$/, double: /^-?\d+(\.\d+)?$/ };

/**
 * All in an element that the type does not know, has too often, lacks, or writes in another way.
 * @param {Contract} contract
 * @returns {string[]} each with its line
 */
export function shapeFaults(contract, element, type) {
  const words = contract.words.get(type);
  // A simple type without a list of words, such as Encoding in some versions, takes any text.
  if (words) return words.size === 0 || words.has(element.text) ? [] : [`${element.line}: <${element.name}> is "${element.text}", none of ${[...words].slice(0, 12).join(', ')}`];
  if (PLAIN[type]) return PLAIN[type].test(element.text) ? [] : [`${element.line}: <${element.name}> is "${element.text}", no ${type}`];
  if (!contract.shapes.has(type)) return repeatFaults(element, new Map());
  const slots = slotsOf(contract, type);
  const lacking = [...slots].filter(([name, { required }]) => required && all(element, name).length === 0);
  return [
    ...lacking.map(([name]) => `${element.line}: <${element.name}> lacks <${name}>`),
    ...repeatFaults(element, slots),
    ...element.children.flatMap((child) => {
      const slot = slots.get(child.name);
      return slot ? shapeFaults(contract, child, slot.type) : [`${child.line}: <${child.name}> is not a part of ${type}`];
    }),
  ];
}

/** Elements of one name stand together: a deploy refuses a list in two pieces as a duplicate. */
function repeatFaults(element, slots) {
  const faults = [];
  const seen = new Set();
  let before = '';
  for (const { name, line } of element.children) {
    if (seen.has(name) && name !== before) faults.push(`${line}: <${name}> stands apart from the others of its name`);
    if (seen.has(name) && slots.get(name)?.many === false) faults.push(`${line}: <${name}> is there twice`);
    seen.add(name);
    before = name;
  }
  return faults;
}
