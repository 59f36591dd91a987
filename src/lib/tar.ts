const BLOCK = 512;
/** What a header has room for: a name, and in front of it the folders that it lies in. */
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;

/** A tar archive in the form of POSIX.1-1988 (ustar): plain files alone, owned by nobody in particular. @throws RangeError for a path that the form has no room for */
export function tarOf(files: readonly { path: string; bytes: Buffer; mode?: number }[], at: number): Buffer {
  const parts = files.flatMap(({ path, bytes, mode = 0o644 }) => [headerOf(path, bytes.length, mode, at), bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]);
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

function headerOf(path: string, size: number, mode: number, at: number): Buffer {
  const [prefix, name] = split(path);
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`;
  header.write(name, 0);
  header.write(octal(mode, 8) + octal(0, 8) + octal(0, 8) + octal(size, 12) + octal(Math.floor(at / 1000), 12), 100);
  header.write('        0', 148);
  header.write('ustar\u000000', 257);
  header.write(prefix, 345);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

function split(path: string): [prefix: string, name: string] {
  if (Buffer.byteLength(path) <= NAME_BYTES) return ['', path];
  for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
    const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)];
    if (Buffer.byteLength(name) <= NAME_BYTES && Buffer.byteLength(prefix) <= PREFIX_BYTES) return [prefix, name];
  }
  throw new RangeError(`The path ${path} is too long for an archive.`);
}
