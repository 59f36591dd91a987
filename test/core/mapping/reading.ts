import { expect } from 'vitest';
import { parseMapping } from '#core/mapping/parse';
import type { MappingKind, Mappings } from '#core/mapping/schema';
import { projectFile } from '#lib/root';

/** A mapping that must be without faults, from its text. */
export function parsed<Kind extends MappingKind>(kind: Kind, text: string): Mappings[Kind] {
  const result = parseMapping(kind, text);
  if (result.ok) return result.mapping;
  expect(result.faults).toEqual([]);
  throw new Error('unreachable');
}

export function shipped<Kind extends MappingKind>(kind: Kind): Mappings[Kind] {
  return parsed(kind, projectFile(`mappings/hubspot/${kind}.yaml`));
}

/** A `send` mapping with one rule; `more` is added to the rule, indented as its keys are. */
export function sendText(more = '', template = 'template: Order form'): string {
  return `kind: send
people: { name: contact.firstname + " " + contact.lastname, email: contact.email }
rules:
  - id: one
    title: One rule
    when: { stage: Contract sent, pipeline: Sales pipeline, request: true }
    ${template}
    subject: '"Contract"'
    recipients:
      - role: Customer
        from: { contact: Signer }
      - role: Countersigner
        from: owner
${more}`;
}
