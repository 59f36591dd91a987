import { gzipSync } from 'node:zlib';
import { tarOf } from '#lib/tar';
import type { ProofFile } from '#core/proof';

/** A bundle as one `.tar.gz`, in a folder called `name`. */
export function archiveOf(files: readonly ProofFile[], name: string, at: number): Buffer {
  return gzipSync(
    tarOf(
      files.map(({ path, bytes }) => ({ path: `${name}/${path}`, bytes, mode: path === 'verify.sh' ? 0o755 : 0o644 })),
      at,
    ),
  );
}
