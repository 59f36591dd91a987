import type * as z from 'zod';

const TYPES: Record<string, string> = { string: 'a text', number: 'a number', int: 'a whole number', boolean: 'true or false', object: 'keys and values' };

/** What is wrong with a setting, in words that say what it has to be. */
export function sayFault(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_big':
      return `has to be at most ${String(issue.maximum)}`;
    case 'too_small':
      return issue.origin === 'string' ? 'is empty; leave it out, or give it a value' : `has to be at least ${String(issue.minimum)}`;
    case 'invalid_value':
      return `has to be ${issue.values.map(String).join(' or ')}`;
    case 'unrecognized_keys':
      return `has no setting ${issue.keys.map((key) => `"${key}"`).join(', ')}`;
    case 'invalid_format':
      return issue.format === 'url' && issue.message === 'Invalid URL' ? 'has to be an address, such as https://countersign.example.com' : issue.message;
    case 'invalid_type':
      if (!issue.message.startsWith('Invalid input')) return issue.message;
      return issue.message.endsWith('received undefined') ? 'is missing' : `has to be ${TYPES[issue.expected] ?? issue.expected}`;
    default:
      return issue.message;
  }
}
