import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import { ask } from './client.ts';

const PDF = Buffer.from('%PDF-');

/** All documents of a completed envelope in one PDF, its certificate of completion last (`certificate=true`, specs/docusign-esignature-v2.1). */
export async function combinedDocument(call: Call, remote: string): Promise<Uint8Array> {
  const reply = await ask(call, {
    method: 'GET',
    path: `/envelopes/${encodeURIComponent(remote)}/documents/combined`,
    query: { certificate: 'true' },
    headers: { accept: 'application/pdf' },
    wantBytes: true,
  });
  if (!(reply.body instanceof Uint8Array) || !Buffer.from(reply.body.subarray(0, PDF.length)).equals(PDF))
    throw new Problem('vendor.odd-answer', { say: 'DocuSign did not answer with a PDF.' });
  return reply.body;
}
