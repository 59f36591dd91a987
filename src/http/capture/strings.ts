import type { AnswerFault } from '#core/capture-answers';

/** What the page itself says, whatever its owner wrote on it. */
export interface Strings {
  name: string;
  email: string;
  company: string;
  phone: string;
  optional: string;
  choose: string;
  consents: string;
  /** In front of a text's title where it must be agreed to. */
  required: string;
  voluntary: string;
  wording: string;
  version: string;
  send: string;
  trap: string;
  faultsTitle: string;
  errorPrefix: string;
  thanks: string;
  thanksText: string;
  signText: string;
  signReady: string;
  /** The way to the document, and what is said beside it. */
  signNow: string;
  signHere: string;
  signLater: string;
  signConfirming: string;
  signSigned: string;
  signDeclined: string;
  signOver: string;
  signElsewhere: string;
  signRefused: string;
  signTrouble: string;
  signOften: string;
  signFailed: string;
  language: string;
  stale: string;
  tooMany: string;
  gone: string;
  goneText: string;
  failed: string;
  failedText: string;
  faults: Record<AnswerFault['why'], string>;
}

const en: Strings = {
  name: 'Name',
  email: 'E-mail address',
  company: 'Company',
  phone: 'Phone',
  optional: 'optional',
  choose: 'Please choose',
  consents: 'Please read',
  required: 'needed',
  voluntary: 'of your own free choice',
  wording: 'Wording',
  version: 'Version',
  send: 'Send',
  trap: 'Leave this field empty',
  faultsTitle: 'This could not be sent yet',
  errorPrefix: 'Error',
  thanks: 'Thank you',
  thanksText: 'What you sent has arrived.',
  signText: 'What you sent has arrived. The document to sign is being made, which takes a few seconds. This page looks again by itself; please leave it open.',
  signReady: 'The document to sign is on its way to your mailbox.',
  signNow: 'Read and sign now',
  signHere: 'The document is ready. You can read it first and decide then. It does not come by e-mail, so keep the address of this page if you want to sign later.',
  signLater: 'The document is not signed yet. You can go on whenever you like; keep the address of this page until then.',
  signConfirming: 'You are back from the document. What you decided there is being confirmed; you need not wait for it.',
  signSigned: 'You have signed the document.',
  signDeclined: 'You have declined to sign. Whoever sent the document has been told.',
  signOver: 'The document can no longer be signed: it was withdrawn, or its time is over.',
  signElsewhere: 'The document is ready, but this address does not lead to it, or not any more. Use the page that you came to after you sent the form.',
  signRefused: 'The document could not be opened. Perhaps it was withdrawn just now; you can try once more.',
  signTrouble: 'The signing service does not answer at the moment. Please try again in a minute.',
  signOften: 'The document was opened very often. Please wait a few minutes, then try again.',
  signFailed: 'What you sent has arrived. The document could not be made at once; somebody looks after it. It comes by e-mail, or stands ready at this address.',
  language: 'Language',
  stale: 'The page was open for too long, so here it is again as it is today. What you wrote is kept. Please look at the texts once more.',
  tooMany: 'There were too many attempts from here. What you wrote is kept. Please wait a few minutes, then send it again.',
  gone: 'There is no such page',
  goneText: 'Perhaps it was closed, or the address is not complete.',
  failed: 'This did not work',
  failedText: 'It is our fault, and nothing was sent. Please go back and try again in a few minutes.',
  faults: {
    missing: 'Please fill in "{label}".',
    'not-email': '"{label}" needs an address such as name@example.com.',
    'not-phone': '"{label}" needs digits, such as +49 30 1234567.',
    'too-long': '"{label}" is too long.',
    'no-such-option': 'Please choose one of the entries of "{label}".',
    'not-agreed': 'Without your agreement to "{label}" this cannot be sent.',
    trap: 'Please leave the last field empty: it is there to catch programs.',
    'too-fast': 'That was very fast. Please look it over and send it once more.',
  },
};

const de: Strings = {
  name: 'Name',
  email: 'E-Mail-Adresse',
  company: 'Firma',
  phone: 'Telefon',
  optional: 'freiwillig',
  choose: 'Bitte wählen',
  consents: 'Bitte lesen',
  required: 'erforderlich',
  voluntary: 'freiwillig',
  wording: 'Wortlaut',
  version: 'Fassung',
  send: 'Absenden',
  trap: 'Dieses Feld leer lassen',
  faultsTitle: 'Das konnte noch nicht abgesendet werden',
  errorPrefix: 'Fehler',
  thanks: 'Vielen Dank',
  thanksText: 'Ihre Angaben sind angekommen.',
  signText:
    'Ihre Angaben sind angekommen. Das Dokument zum Unterschreiben wird gerade erstellt, was einige Sekunden dauert. Diese Seite schaut von selbst wieder nach; bitte lassen Sie sie offen.',
  signReady: 'Das Dokument zum Unterschreiben ist unterwegs in Ihr Postfach.',
  signNow: 'Jetzt lesen und unterschreiben',
  signHere:
    'Das Dokument ist bereit. Sie können es erst lesen und dann entscheiden. Es kommt nicht per E-Mail; merken Sie sich die Adresse dieser Seite, wenn Sie später unterschreiben möchten.',
  signLater: 'Das Dokument ist noch nicht unterschrieben. Sie können jederzeit weitermachen; merken Sie sich bis dahin die Adresse dieser Seite.',
  signConfirming: 'Sie sind vom Dokument zurück. Was Sie dort entschieden haben, wird gerade bestätigt; Sie müssen nicht darauf warten.',
  signSigned: 'Sie haben das Dokument unterschrieben.',
  signDeclined: 'Sie haben abgelehnt zu unterschreiben. Der Absender des Dokuments hat es erfahren.',
  signOver: 'Das Dokument kann nicht mehr unterschrieben werden: Es wurde zurückgezogen, oder seine Zeit ist abgelaufen.',
  signElsewhere: 'Das Dokument ist bereit, aber diese Adresse führt nicht oder nicht mehr dorthin. Nehmen Sie die Seite, die nach dem Absenden des Formulars kam.',
  signRefused: 'Das Dokument ließ sich nicht öffnen. Vielleicht wurde es gerade zurückgezogen; Sie können es noch einmal versuchen.',
  signTrouble: 'Der Dienst zum Unterschreiben antwortet gerade nicht. Bitte versuchen Sie es in einer Minute noch einmal.',
  signOften: 'Das Dokument wurde sehr oft geöffnet. Bitte warten Sie einige Minuten und versuchen Sie es dann noch einmal.',
  signFailed:
    'Ihre Angaben sind angekommen. Das Dokument konnte nicht sofort erstellt werden; jemand kümmert sich darum. Es kommt per E-Mail oder steht unter dieser Adresse bereit.',
  language: 'Sprache',
  stale: 'Die Seite war zu lange geöffnet, deshalb steht sie hier noch einmal, wie sie heute ist. Ihre Angaben sind erhalten. Bitte sehen Sie sich die Texte noch einmal an.',
  tooMany: 'Von hier kamen zu viele Versuche. Ihre Angaben sind erhalten. Bitte warten Sie einige Minuten und senden Sie dann noch einmal ab.',
  gone: 'Diese Seite gibt es nicht',
  goneText: 'Vielleicht wurde sie geschlossen, oder die Adresse ist nicht vollständig.',
  failed: 'Das hat nicht geklappt',
  failedText: 'Der Fehler liegt bei uns, und nichts wurde gesendet. Bitte gehen Sie zurück und versuchen Sie es in einigen Minuten noch einmal.',
  faults: {
    missing: 'Bitte füllen Sie „{label}“ aus.',
    'not-email': '„{label}“ braucht eine Adresse wie name@example.com.',
    'not-phone': '„{label}“ braucht Ziffern, etwa +49 30 1234567.',
    'too-long': '„{label}“ ist zu lang.',
    'no-such-option': 'Bitte wählen Sie bei „{label}“ einen der Einträge.',
    'not-agreed': 'Ohne Ihre Zustimmung zu „{label}“ kann das nicht abgesendet werden.',
    trap: 'Bitte lassen Sie das letzte Feld leer: Es soll Programme abhalten.',
    'too-fast': 'Das ging sehr schnell. Bitte sehen Sie noch einmal darüber und senden Sie dann ab.',
  },
};

const LANGUAGES: Readonly<Record<string, Strings>> = { en, de };
/** Languages by their own name, for the switch. */
const OWN_NAMES: Readonly<Record<string, string>> = { en: 'English', de: 'Deutsch', fr: 'Français', nl: 'Nederlands', es: 'Español', it: 'Italiano', pl: 'Polski' };

/** The words of the page in the language of a locale; English where they are not translated. */
export function stringsFor(locale: string): Strings {
  return LANGUAGES[languageOf(locale)] ?? en;
}
/** The language in which the page's own words are, for the `lang` attribute. */
export const languageOf = (locale: string): string => locale.split('-')[0] ?? 'en';
export const nameOfLocale = (locale: string): string => OWN_NAMES[languageOf(locale)] ?? locale;
