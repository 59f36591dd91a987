import { fieldName, TRAP, type AnswerFault, type Answers } from '#core/capture-answers';
import { localesOf, wordsIn, type CaptureField, type CapturePage } from '#core/capture';
import type { ConsentText } from '#store/consent-texts';
import { ConsentPart } from './consent-part.tsx';
import { languageOf, nameOfLocale, stringsFor, type Strings } from './strings.ts';

export interface FormView {
  page: CapturePage;
  locale: string;
  texts: readonly ConsentText[];
  /** The signed form. */
  token: string;
  answers: Answers;
  faults: readonly AnswerFault[];
  /** Something that is to be said above the form. */
  notice: string | null;
  /** Touchpoints that the browser had sent already. */
  touches: string;
}

export const NO_ANSWERS: Answers = { name: '', email: '', company: '', phone: '', more: {}, ticked: [] };

export function CaptureForm(view: FormView) {
  const { page, locale, texts, token, answers, notice, touches } = view;
  const words = stringsFor(locale);
  const faults = sayFaults(view, words);
  return (
    <>
      <LanguageSwitch page={page} locale={locale} words={words} />
      <h1>{wordsIn(page, page.title, locale)}</h1>
      {notice === null ? null : (
        <p class="notice" role="alert" id="summary" tabindex={-1} autofocus>
          {notice}
        </p>
      )}
      <Summary faults={faults} words={words} />
      <Paragraphs text={wordsIn(page, page.intro, locale)} />
      <form method="post" data-origins={page.origins.join(' ')} novalidate>
        <input type="hidden" name="token" value={token} />
        <input type="hidden" name="touches" value={touches} />
        <Line name="name" label={words.name} value={answers.name} required={page.fields.name.required} fill="name" words={words} faults={faults} />
        <Line name="email" label={words.email} value={answers.email} required type="email" fill="email" words={words} faults={faults} />
        {page.fields.company ? (
          <Line name="company" label={words.company} value={answers.company} required={page.fields.company.required} fill="organization" words={words} faults={faults} />
        ) : null}
        {page.fields.phone ? (
          <Line name="phone" label={words.phone} value={answers.phone} required={page.fields.phone.required} type="tel" fill="tel" words={words} faults={faults} />
        ) : null}
        {page.fields.more.map((field) => (
          <OwnField field={field} label={wordsIn(page, field.label, locale)} value={answers.more[field.id] ?? ''} words={words} faults={faults} />
        ))}
        <ConsentPart page={page} texts={texts} locale={locale} ticked={answers.ticked} faults={faults} />
        <div class="trap" aria-hidden="true">
          <label for={TRAP}>{words.trap}</label>
          <input id={TRAP} name={TRAP} tabindex={-1} autocomplete="off" />
        </div>
        <button>{wordsIn(page, page.button, locale) || words.send}</button>
      </form>
    </>
  );
}

/** Every fault as a sentence, by field, in the order of the page. */
function sayFaults({ page, locale, texts, faults }: FormView, words: Strings): Map<string, string> {
  const labels: Record<string, string> = { name: words.name, email: words.email, company: words.company, phone: words.phone };
  for (const { id, label } of page.fields.more) labels[fieldName(id)] = wordsIn(page, label, locale);
  page.consents.forEach(({ text }, place) => (labels[`c-${text}`] = texts[place]?.title ?? text));
  return new Map(faults.map(({ field, why }) => [field, words.faults[why].replace('{label}', () => labels[field] ?? field)]));
}

/** Says at the top what is wrong, with a link to each field. It takes the focus, so that whoever does not see the page hears it first. */
function Summary({ faults, words }: { faults: ReadonlyMap<string, string>; words: Strings }) {
  if (faults.size === 0) return null;
  return (
    <div class="summary" role="alert" id="summary" tabindex={-1} autofocus aria-labelledby="summary-title">
      <h2 id="summary-title">{words.faultsTitle}</h2>
      <ul>
        {[...faults].map(([field, say]) => (
          <li>{field === TRAP ? say : <a href={`#${field}`}>{say}</a>}</li>
        ))}
      </ul>
    </div>
  );
}

function LanguageSwitch({ page, locale, words }: { page: CapturePage; locale: string; words: Strings }) {
  const locales = localesOf(page);
  if (locales.length < 2) return null;
  return (
    <nav class="languages" aria-label={words.language}>
      {locales.map((one) => (
        <a href={`?lang=${one}`} lang={languageOf(one)} hreflang={one} aria-current={one === locale ? 'true' : undefined}>
          {nameOfLocale(one)}
        </a>
      ))}
    </nav>
  );
}

export function Paragraphs({ text }: { text: string }) {
  return <>{text.split(/\n{2,}/).map((part) => (part.trim() === '' ? null : <p class="intro">{part}</p>))}</>;
}

interface LineProps {
  name: string;
  label: string;
  value: string;
  required: boolean;
  type?: 'text' | 'email' | 'tel';
  fill: string;
  words: Strings;
  faults: ReadonlyMap<string, string>;
}

function Line({ name, label, value, required, type = 'text', fill, words, faults }: LineProps) {
  return (
    <div class="field">
      <Label name={name} label={label} required={required} words={words} />
      <FaultOf name={name} faults={faults} />
      <input id={name} name={name} type={type} value={value} required={required} autocomplete={fill} {...describe(name, faults)} />
    </div>
  );
}

function OwnField({ field, label, value, words, faults }: { field: CaptureField; label: string; value: string; words: Strings; faults: ReadonlyMap<string, string> }) {
  const name = fieldName(field.id);
  const shared = { id: name, name, required: field.required, ...describe(name, faults) };
  return (
    <div class="field">
      <Label name={name} label={label} required={field.required} words={words} />
      <FaultOf name={name} faults={faults} />
      {field.kind === 'long' ? <textarea {...shared} rows={4}>{`\n${value}`}</textarea> : null}
      {field.kind === 'text' ? <input {...shared} value={value} /> : null}
      {field.kind === 'choice' ? (
        <select {...shared}>
          <option value="">{words.choose}</option>
          {(field.options ?? []).map((option) => (
            <option value={option} selected={option === value}>
              {option}
            </option>
          ))}
        </select>
      ) : null}
    </div>
  );
}

function Label({ name, label, required, words }: { name: string; label: string; required: boolean; words: Strings }) {
  return (
    <label for={name}>
      {label} {required ? null : <span class="soft">({words.optional})</span>}
    </label>
  );
}

function FaultOf({ name, faults }: { name: string; faults: ReadonlyMap<string, string> }) {
  const say = faults.get(name);
  return say === undefined ? null : (
    <p class="fault" id={`${name}-fault`}>
      {say}
    </p>
  );
}

const describe = (name: string, faults: ReadonlyMap<string, string>) => (faults.has(name) ? { 'aria-invalid': 'true' as const, 'aria-describedby': `${name}-fault` } : {});
