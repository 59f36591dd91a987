/** RFC 3161 in the little that is needed: a question about a SHA-256, and whether an answer is one to it. */

const SHA256 = Buffer.from('300d06096086480165030402010500', 'hex');
const SIGNED_DATA = '2a864886f70d010702';
const TST_INFO = '2a864886f70d0109100104';
/** `granted` and `grantedWithMods`. */
const GRANTED = [0, 1];

interface Node {
  tag: number;
  body: Buffer;
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  if (body.length > 127) throw new RangeError('A question is shorter than that.');
  return Buffer.concat([Buffer.from([tag, body.length]), body]);
}

/** An INTEGER is signed: a leading zero keeps it positive, and more of them are not DER. */
const positive = (bytes: Buffer): Buffer => {
  const from = bytes.findIndex((byte) => byte !== 0);
  const short = from < 0 ? Buffer.from([0]) : bytes.subarray(from);
  return (short[0] ?? 0) > 127 ? Buffer.concat([Buffer.from([0]), short]) : short;
};

/** The DER of a TimeStampReq for a digest (32 bytes), with a nonce, asking for the authority's certificate. */
export function timestampQuery(digest: Buffer, nonce: Buffer): Buffer {
  return der(0x30, der(0x02, Buffer.from([1])), der(0x30, SHA256, der(0x04, digest)), der(0x02, positive(nonce)), der(0x01, Buffer.from([0xff])));
}

/** The members of a constructed value. @throws RangeError where it is not DER */
function members(bytes: Buffer): Node[] {
  const found: Node[] = [];
  for (let at = 0; at < bytes.length;) {
    const [tag, short] = [bytes[at], bytes[at + 1]];
    if (tag === undefined || short === undefined) throw new RangeError('It ends too early.');
    const lengthBytes = short < 128 ? 0 : short - 128;
    if (short === 128 || lengthBytes > 4) throw new RangeError('A length is indefinite or beyond all measure.');
    const start = at + 2 + lengthBytes;
    if (start > bytes.length) throw new RangeError('It ends too early.');
    const length = lengthBytes === 0 ? short : bytes.readUIntBE(at + 2, lengthBytes);
    if (start + length > bytes.length) throw new RangeError('It ends too early.');
    found.push({ tag, body: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return found;
}

function pick(parent: Node | undefined, index: number, tag: number): Node {
  const node = parent ? members(parent.body)[index] : undefined;
  if (node?.tag !== tag) throw new RangeError('A part is missing or of another kind.');
  return node;
}

/**
 * When the authority says it saw the digest, milliseconds since the epoch. Holds status, imprint and nonce against the question; whether its signature is right,
 * `openssl ts -verify` says, against the authority's certificate. @throws RangeError saying in words what is wrong
 */
export function readTimestamp(answer: Buffer, digest: Buffer, nonce: Buffer): number {
  const response = members(answer)[0];
  const status = pick(pick(response, 0, 0x30), 0, 0x02).body;
  if (status.length !== 1 || !GRANTED.includes(status.readUInt8(0))) throw new RangeError('The authority did not grant the time stamp.');
  const content = pick(response, 1, 0x30);
  if (pick(content, 0, 0x06).body.toString('hex') !== SIGNED_DATA) throw new RangeError('The answer holds no signed data.');
  const inner = pick(pick(pick(content, 1, 0xa0), 0, 0x30), 2, 0x30);
  if (pick(inner, 0, 0x06).body.toString('hex') !== TST_INFO) throw new RangeError('What is signed is no time stamp.');
  const info = pick(pick(pick(inner, 1, 0xa0), 0, 0x04), 0, 0x30);
  if (!pick(pick(info, 2, 0x30), 1, 0x04).body.equals(digest)) throw new RangeError('The time stamp is about something else.');
  const after = members(info.body).slice(5);
  if (!after.find(({ tag }) => tag === 0x02)?.body.equals(positive(nonce))) throw new RangeError('The time stamp answers another question.');
  return timeOf(pick(info, 4, 0x18).body.toString('latin1'));
}

/** A GeneralizedTime as RFC 3161 has it: to the second or finer, in UTC. */
function timeOf(text: string): number {
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', fraction = '0'] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d+)?Z$/.exec(text) ?? [];
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(at)) throw new RangeError('The time of the time stamp cannot be read.');
  return at + Math.round(Number(fraction) * 1000);
}
