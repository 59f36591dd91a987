import type { PDFFont, PDFPage, RGB } from '@cantoo/pdf-lib';
import { presentState } from '#core/consent';
import { actOf } from '#store/consents';
import type { Evidence } from '#flow/proof/bundle';

const PAGE = { width: 595.28, height: 841.89, margin: 48 };
const LINE = 1.4;
/** A standard font is not in the file: what a reader puts in its place may be this much wider. */
const SUBSTITUTE = 1.2;
const WIDTH = PAGE.width - 2 * PAGE.margin;
/** Below is the foot of the page. */
const FOOT = 74;

type Fonts = Record<'plain' | 'bold' | 'mono', PDFFont>;
interface Style {
  font?: keyof Fonts;
  size?: number;
  grey?: boolean;
  x?: number;
  width?: number;
}

const time = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
const topicOf = (of: { type: string; purpose: string | null; channel: string | null }): string => [of.type, of.purpose, of.channel].filter((part) => part !== null).join(', ');

/** One page for people: who, what stands now, what happened when and with which words, and where the proof is. The package is loaded when a page is asked for. */
export async function summaryPdf(evidence: Evidence): Promise<Buffer> {
  const { PDFDocument, StandardFonts, rgb } = await import('@cantoo/pdf-lib');
  const document = await PDFDocument.create();
  const fonts: Fonts = {
    plain: await document.embedFont(StandardFonts.Helvetica),
    bold: await document.embedFont(StandardFonts.HelveticaBold),
    mono: await document.embedFont(StandardFonts.Courier),
  };
  document.setTitle(`Proof of consent, ${evidence.person}`);
  document.setProducer('Countersign');
  document.setCreator('Countersign');
  for (const set of ['setCreationDate', 'setModificationDate'] as const) document[set](new Date(evidence.madeAt));
  const inks = { ink: rgb(0.1, 0.1, 0.1), grey: rgb(0.42, 0.42, 0.42) };
  const sheet = new Sheet(document.addPage([PAGE.width, PAGE.height]), fonts, inks);
  head(sheet, evidence);
  present(sheet, evidence);
  history(sheet, evidence);
  foot(sheet, evidence);
  return Buffer.from(await document.save());
}

/** A page that is written from the top down. */
class Sheet {
  y = PAGE.height - PAGE.margin;
  readonly page: PDFPage;
  readonly fonts: Fonts;
  readonly inks: { ink: RGB; grey: RGB };
  constructor(page: PDFPage, fonts: Fonts, inks: { ink: RGB; grey: RGB }) {
    this.page = page;
    this.fonts = fonts;
    this.inks = inks;
  }

  /** The text in lines that fit, with what the font cannot write as escapes. */
  lines(text: string, { font = 'plain', size = 9, x = 0, width = WIDTH - x }: Style): string[] {
    return wrap(writable(text, this.fonts[font]), this.fonts[font], size, width);
  }

  heightOf(text: string, style: Style): number {
    return this.lines(text, style).length * (style.size ?? 9) * LINE;
  }

  write(text: string, style: Style = {}): void {
    const { font = 'plain', size = 9, grey = false, x = 0 } = style;
    for (const line of this.lines(text, style)) {
      this.y -= size * LINE;
      this.page.drawText(line, { x: PAGE.margin + x, y: this.y, size, font: this.fonts[font], color: grey ? this.inks.grey : this.inks.ink });
    }
  }

  rule(): void {
    this.y -= 5;
    this.page.drawLine({ start: { x: PAGE.margin, y: this.y }, end: { x: PAGE.width - PAGE.margin, y: this.y }, thickness: 0.5, color: this.inks.grey });
    this.y -= 2;
  }

  gap(size = 8): void {
    this.y -= size;
  }

  fits(height: number): boolean {
    return this.y - height > PAGE.margin + FOOT;
  }
}

/** What the standard fonts cannot write stands as the number of its character, so that no name stops the page and none is quietly changed. */
function writable(text: string, font: PDFFont): string {
  const known = new Set(font.getCharacterSet());
  return [...text.replace(/\s+/g, ' ')]
    .map((character) => (known.has(character.codePointAt(0) ?? 0) ? character : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`))
    .join('');
}

/** Breaks at spaces, and inside of a word that is wider than the line. */
function wrap(text: string, font: PDFFont, size: number, width: number): string[] {
  const fits = (line: string) => font.widthOfTextAtSize(line, size) * SUBSTITUTE <= width;
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (fits(longer)) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = '';
    for (const character of word) {
      if (!fits(line + character)) {
        lines.push(line);
        line = '';
      }
      line += character;
    }
  }
  return [...lines, line];
}

function head(sheet: Sheet, { person, rows, madeAt }: Evidence): void {
  const identity = rows.map((one) => one.identity).findLast((one) => one !== null);
  const who = identity ? [identity.name, identity.email].filter(Boolean).join(', ') : '';
  sheet.write('Proof of consent', { font: 'bold', size: 18 });
  sheet.gap(4);
  sheet.write(who || 'A person whose name is not held here, or has been erased', { font: 'bold', size: 11 });
  sheet.write(`${person}. Made ${time(madeAt)}. This page is for reading; verify.sh beside it proves.`, { grey: true });
}

function present(sheet: Sheet, { rows, madeAt }: Evidence): void {
  sheet.gap();
  sheet.write('What stands now', { font: 'bold', size: 11 });
  sheet.rule();
  const state = presentState(
    rows.map(({ row }) => actOf(row)),
    madeAt,
  );
  for (const [index, { topic, status, act }] of state.entries()) {
    if (!sheet.fits(9 * LINE * 2)) return sheet.write(`and ${state.length - index} more topics, see records/`, { grey: true });
    sheet.write(`${topicOf(topic)}: ${status}, since ${time(act.capturedAt)}`);
  }
}

function history(sheet: Sheet, { rows }: Evidence): void {
  sheet.gap();
  sheet.write('What was done, the newest first', { font: 'bold', size: 11 });
  sheet.rule();
  const newest = [...rows].reverse();
  for (const [index, { row, text, identity }] of newest.entries()) {
    const parts: [string, Style][] = [
      [`${time(row.captured_at)}: ${row.status}, ${topicOf(row)}`, { font: 'bold' }],
      [`Captured by ${row.how} (${row.source}), legal basis ${row.basis}${identity ? `, identified by ${identity.method}` : ''}. Entry ${row.seq}, ${row.id}.`, {}],
      text
        ? [`Shown: “${text.title}”, ${text.name}, version ${text.version}, ${text.locale}${text.jurisdiction ? `, ${text.jurisdiction}` : ''}. SHA-256 of the wording:`, {}]
        : [row.status === 'withdrawn' ? 'No wording is tied to it: taking back needs none.' : 'Nobody can say which wording was shown.', {}],
      ...(row.text_hash ? [[row.text_hash, { font: 'mono', size: 8 }] satisfies [string, Style]] : []),
      ...(row.document_hash ? [['Signed document, SHA-256:', {}] satisfies [string, Style], [row.document_hash, { font: 'mono', size: 8 }] satisfies [string, Style]] : []),
    ];
    const height = parts.reduce((sum, [words, style]) => sum + sheet.heightOf(words, style), 6);
    if (!sheet.fits(height + 9 * LINE)) return sheet.write(`and ${newest.length - index} earlier acts, see records/`, { grey: true });
    for (const [words, style] of parts) sheet.write(words, style);
    sheet.gap(6);
  }
}

function foot(sheet: Sheet, { head: signed }: Evidence): void {
  sheet.y = PAGE.margin + FOOT;
  sheet.rule();
  sheet.write(`Signed head: entry ${signed.seq} of the ledger of consents, signed ${time(signed.at)}. Hash and key:`, { size: 8 });
  sheet.write(signed.hash, { font: 'mono', size: 8 });
  sheet.write(signed.key, { font: 'mono', size: 8 });
  sheet.write('To check: sh verify.sh --key KEY, with the key that the server publishes; README.txt says how to do it by hand.', { size: 8, grey: true });
}
