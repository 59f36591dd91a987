import { CAPTURE_LIMITS, type CaptureField, type CapturePage } from '#core/capture';

/** What a visitor filled in, as texts; boxes by the name of their consent text. */
export interface Answers {
  name: string;
  email: string;
  company: string;
  phone: string;
  /** Of the page's own fields, by id. */
  more: Record<string, string>;
  /** Names of the consent texts whose box was ticked. */
  ticked: string[];
}
/** Why an answer is not taken. `field` is what the form calls it. */
export interface AnswerFault {
  field: string;
  why: 'missing' | 'not-email' | 'not-phone' | 'too-long' | 'no-such-option' | 'not-agreed' | 'trap' | 'too-fast';
}

/** The field that no person sees; whoever fills it in is a program. */
export const TRAP = 'website_url';
/** The name under which the form posts a page's own field, and the box of a consent text. */
export const fieldName = (id: string): string => `f-${id}`;
export const boxName = (text: string): string => `c-${text}`;

/** One sign on each side, a dot behind it, no spaces: what a mail server takes is its own affair. */
const EMAIL = /^[^\s@<>"(),;:\\]{1,64}@[^\s@<>"(),;:\\]{1,190}\.[^\s@<>"(),;:\\.]{2,}$/;
const PHONE = /^[+()\d][\d\s()./+-]{3,39}$/;
const UNSEEN = /[\p{Cc}\p{Cs}\u200E\u200F\u202A-\u202E\u2066-\u2069]+/gu;

const oneLine = (text: string | undefined): string => (text ?? '').normalize('NFC').replace(UNSEEN, ' ').replace(/\s+/g, ' ').trim();
const manyLines = (text: string | undefined): string =>
  (text ?? '')
    .normalize('NFC')
    .replace(/\r\n?/g, '\n')
    .split('\n')
    .map((line) => line.replace(UNSEEN, ' ').trimEnd())
    .join('\n')
    .trim();

/** Reads a posted form: what was answered, tidied, and everything that is wrong with it at once. */
export function readAnswers(page: CapturePage, form: Readonly<Record<string, string>>): { answers: Answers; faults: AnswerFault[] } {
  const { fields } = page;
  const answers: Answers = {
    name: oneLine(form.name),
    email: oneLine(form.email),
    company: fields.company ? oneLine(form.company) : '',
    phone: fields.phone ? oneLine(form.phone) : '',
    more: Object.fromEntries(fields.more.map((field) => [field.id, (field.kind === 'long' ? manyLines : oneLine)(form[fieldName(field.id)])])),
    ticked: page.consents.flatMap(({ text }) => (form[boxName(text)] === undefined ? [] : [text])),
  };
  const faults = [
    ...faultsOf(page, answers),
    ...page.consents.flatMap(({ text, required }) => (required && !answers.ticked.includes(text) ? [fault(boxName(text), 'not-agreed')] : [])),
  ];
  if ((form[TRAP] ?? '') !== '') faults.push(fault(TRAP, 'trap'));
  return { answers, faults };
}

const fault = (field: string, why: AnswerFault['why']): AnswerFault => ({ field, why });

function faultsOf({ fields }: CapturePage, { name, email, company, phone, more }: Answers): AnswerFault[] {
  return [
    ...textFaults('name', name, fields.name.required),
    ...textFaults('email', email, true, () => (EMAIL.test(email) ? null : 'not-email')),
    ...(fields.company ? textFaults('company', company, fields.company.required) : []),
    ...(fields.phone ? textFaults('phone', phone, fields.phone.required, () => (PHONE.test(phone) ? null : 'not-phone')) : []),
    ...fields.more.flatMap((field) => ownFaults(field, more[field.id] ?? '')),
  ];
}

/** `wrong` is asked of what is there and not too long. */
function textFaults(
  field: string,
  value: string,
  required: boolean,
  wrong: () => AnswerFault['why'] | null = () => null,
  most: number = CAPTURE_LIMITS.answerChars,
): AnswerFault[] {
  if (value === '') return required ? [fault(field, 'missing')] : [];
  const why = [...value].length > most ? 'too-long' : wrong();
  return why === null ? [] : [fault(field, why)];
}

function ownFaults(field: CaptureField, value: string): AnswerFault[] {
  return textFaults(fieldName(field.id), value, field.required, () => (field.options?.includes(value) === false ? 'no-such-option' : null), longest(field));
}

const longest = ({ kind }: CaptureField): number => (kind === 'long' ? CAPTURE_LIMITS.longChars : CAPTURE_LIMITS.answerChars);
