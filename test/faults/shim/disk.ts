import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '#lib/root';
import type { Random } from '#lib/random';

/** What of the unsynced writes a cut leaves: nothing, or a page here and there, as a system that had begun to write them back would. */
export type Survival = 'nothing' | 'some pages';
export type Trouble = 'ENOSPC' | 'EIO' | 'EROFS';
const ERRNO: Record<Trouble, number> = { ENOSPC: 28, EIO: 5, EROFS: 30 };
const WHAT = { writes: 1, syncs: 2, both: 3 } as const;
const PAGE = 4096;
const WORDS = 8;
/** Places in the control file, as disk.c says. */
const AT = { what: 0, errno: 1, pass: 2, times: 3, writes: 4, syncs: 5, failures: 6, syncUs: 7 } as const;

/** A folder on a disk that can lose its power and fail. */
export interface Disk {
  /** What the disk's programs keep. */
  folder: string;
  /** For the program that uses it. */
  environment: Record<string, string>;
  /** Power is gone, and the program was killed: what was not synced is lost. */
  cut(random: Random, survival: Survival): void;
  /** The disk's content as it is now counts as synced. */
  settle(): void;
  /** Writes, syncs or both fail: after `pass` more that go well, `times` of them, or without end where it is 0. */
  fail(what: keyof typeof WHAT, trouble: Trouble, more?: { pass?: number; times?: number }): void;
  mend(): void;
  /** How long each sync takes. */
  slow(syncMs: number): void;
  counted(): { writes: number; syncs: number; failures: number };
}

/** Compiles the shim. @throws Error where there is no C compiler: what a power cut leaves cannot be seen without */
export function compileShim(folder: string): string {
  if (spawnSync('cc', ['--version']).status !== 0)
    throw new Error('Power cuts and failing disks need a C compiler: install one that answers to `cc` (Debian and Ubuntu: apt-get install gcc libc6-dev).');
  const library = join(folder, 'disk.so');
  execFileSync('cc', ['-O2', '-Wall', '-shared', '-fPIC', '-o', library, join(projectRoot, 'test/faults/shim/disk.c'), '-ldl', '-lpthread'], { stdio: ['ignore', 2, 2] });
  return library;
}

export function createDisk(root: string): Disk {
  const [folder, shadow, control] = [join(root, 'disk'), join(root, 'shadow'), join(root, 'control')];
  mkdirSync(folder, { recursive: true });
  mkdirSync(shadow, { recursive: true });
  writeFileSync(control, Buffer.alloc(WORDS * 4));
  const library = compileShim(root);

  function put(word: number, value: number): void {
    const fd = openSync(control, 'r+');
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    writeSync(fd, bytes, 0, 4, word * 4);
    closeSync(fd);
  }
  const watched = (place: string) => readdirSync(place).filter((name) => !name.endsWith('-shm'));
  const disk: Disk = {
    folder,
    environment: { LD_PRELOAD: library, SHIM_PREFIX: `${folder}/`, SHIM_SHADOW: shadow, SHIM_CONTROL: control },
    cut(random, survival) {
      for (const name of readdirSync(folder)) {
        const [written, kept] = [join(folder, name), join(shadow, name)];
        if (existsSync(kept) && survival === 'some pages') blend(written, kept, random);
        rmSync(written);
      }
      for (const name of watched(shadow)) copyFileSync(join(shadow, name), join(folder, name));
    },
    settle() {
      for (const name of readdirSync(shadow)) rmSync(join(shadow, name));
      for (const name of watched(folder)) copyFileSync(join(folder, name), join(shadow, name));
    },
    fail(what, trouble, { pass = 0, times = 0 } = {}) {
      put(AT.errno, ERRNO[trouble]);
      put(AT.pass, pass);
      put(AT.times, times);
      put(AT.what, WHAT[what]);
    },
    mend: () => put(AT.what, 0),
    slow: (syncMs) => put(AT.syncUs, Math.round(syncMs * 1000)),
    counted() {
      const words = readFileSync(control);
      const word = (at: number) => words.readInt32LE(at * 4);
      return { writes: word(AT.writes), syncs: word(AT.syncs), failures: word(AT.failures) };
    },
  };
  return disk;
}

/** Of the pages that differ, each that was written and not synced survives or does not: so writes are torn, and reach the disk in any order. */
function blend(written: string, kept: string, random: Random): void {
  const [from, to] = [openSync(written, 'r'), openSync(kept, 'r+')];
  const [one, other] = [Buffer.alloc(PAGE), Buffer.alloc(PAGE)];
  for (let at = 0; ; at += PAGE) {
    const bytes = readSync(from, one, 0, PAGE, at);
    if (bytes === 0) break;
    const known = readSync(to, other, 0, PAGE, at);
    const same = known === bytes && one.subarray(0, bytes).equals(other.subarray(0, known));
    if (!same && random() < 0.5) writeSync(to, one, 0, bytes, at);
  }
  closeSync(from);
  closeSync(to);
}
