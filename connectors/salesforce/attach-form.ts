import { randomUUID } from 'node:crypto';

/** The two parts that a REST upload has: the record as JSON, its bytes as they are [D: REST, insert blob data]. */
export function formOf(about: Record<string, string>, file: { name: string; type: string; bytes: Uint8Array }): { type: string; bytes: Uint8Array } {
  // A boundary that no document can hold on purpose.
  const boundary = `countersign-${randomUUID()}`;
  const head = [
    `--${boundary}`,
    'content-disposition: form-data; name="entity_content"',
    'content-type: application/json',
    '',
    JSON.stringify(about),
    `--${boundary}`,
    `content-disposition: form-data; name="VersionData"; filename="${plain(file.name)}"`,
    `content-type: ${/^[\w.+-]+\/[\w.+-]+$/.test(file.type) ? file.type : 'application/octet-stream'}`,
    '',
    '',
  ].join('\r\n');
  const bytes = Buffer.concat([Buffer.from(head), file.bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]);
  return { type: `multipart/form-data; boundary=${boundary}`, bytes };
}

/** In a header a quote or a line's end would end the name early; the true name is in the JSON. */
const plain = (name: string): string => name.replace(/[^\w.() -]/g, '_').slice(0, 200) || 'file';
