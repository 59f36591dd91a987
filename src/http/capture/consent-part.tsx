import { boxName } from '#core/capture-answers';
import type { CapturePage } from '#core/capture';
import { sha256 } from '#lib/hmac';
import type { ConsentText } from '#store/consent-texts';
import { stringsFor } from './strings.ts';

interface ConsentPartProps {
  page: CapturePage;
  texts: readonly ConsentText[];
  locale: string;
  ticked: readonly string[];
  /** Field names with the sentence that says what is wrong. */
  faults: ReadonlyMap<string, string>;
}

/** The boxes with the whole wording of each text. Nothing in it depends on the visitor but the ticks, so that its bytes can be kept and hashed. */
export function ConsentPart({ page, texts, locale, ticked, faults }: ConsentPartProps) {
  const words = stringsFor(locale);
  if (page.consents.length === 0) return null;
  return (
    <fieldset class="consents">
      <legend>{words.consents}</legend>
      {page.consents.map(({ text: name, required }, place) => {
        const text = texts[place];
        if (!text) return null;
        const id = boxName(name);
        const fault = faults.get(id);
        return (
          <div class="consent" lang={text.locale}>
            <div class="box">
              <input
                type="checkbox"
                id={id}
                name={id}
                value="yes"
                checked={ticked.includes(name)}
                required={required}
                aria-describedby={fault === undefined ? `${id}-wording` : `${id}-fault ${id}-wording`}
                aria-invalid={fault === undefined ? undefined : 'true'}
              />
              <label for={id}>
                {text.title} <span class="soft">({required ? words.required : words.voluntary})</span>
              </label>
            </div>
            {fault === undefined ? null : (
              <p class="fault" id={`${id}-fault`}>
                {fault}
              </p>
            )}
            <div class="wording" id={`${id}-wording`} role="region" aria-label={`${words.wording}: ${text.title}`} tabindex={0}>
              {text.wording}
            </div>
            <p class="soft small">
              {words.version} {text.version} · SHA-256 <code>{text.hash}</code>
            </p>
          </div>
        );
      })}
    </fieldset>
  );
}

/** The consent part as it is first shown, boxes empty, and the SHA-256 of its bytes in UTF-8. */
export function renderConsents(page: CapturePage, texts: readonly ConsentText[], locale: string): { html: string; hash: string } {
  const html = String(<ConsentPart page={page} texts={texts} locale={locale} ticked={[]} faults={new Map()} />);
  return { html, hash: sha256(html) };
}
