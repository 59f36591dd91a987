import type { StoredEnvelope } from './state.ts';

const PAGE = '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 5 0 R >> >> /Contents 4 0 R >>';
const LINE_POINTS = 20;

/** One page that says who signed what and when: a real PDF, with nothing of a contract in it. */
export function signedPdf(envelope: StoredEnvelope): ArrayBuffer {
  const signed = envelope.recipients.map(({ role, name, signedAt }) => `${role}: ${name}${signedAt === null ? '' : `, signed ${new Date(signedAt).toISOString()}`}`);
  const lines = [envelope.emailSubject, `Envelope ${envelope.envelopeId}`, '', ...signed, '', 'Made by a sandbox. It binds nobody.'];
  const content = `BT /F1 12 Tf 60 780 Td ${LINE_POINTS} TL ${lines.map((line) => `(${escape(line)}) Tj T*`).join(' ')} ET`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    PAGE,
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  let text = '%PDF-1.4\n';
  const places = objects.map((object, index) => {
    const at = text.length;
    text += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return at;
  });
  const table = text.length;
  const rows = places.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('');
  text += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${rows}trailer << /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${table}\n%%EOF\n`;
  return new Uint8Array(Buffer.from(text, 'latin1')).buffer;
}

/** Letters that the font lacks become a question mark; brackets and backslashes are the format's own. */
const escape = (line: string): string => line.replace(/[^\x20-\x7e\xa0-\xff]/g, '?').replace(/[\\()]/g, '\\$&');
