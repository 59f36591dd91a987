import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { appendFileSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '#lib/hmac';
import { projectRoot } from '#lib/root';
import { proofOf } from '#flow/proof/bundle';
import { openTestDatabase, type TestDatabase } from '../store/databases.ts';
import { copyOf, fewPrograms, openProofStage, unpack, verify } from './stage.ts';

/** The script as it ships: for bundles whose own script was changed. */
const OWN = join(projectRoot, 'src/flow/proof/verify.sh');
const RUNS = 20;

let database: TestDatabase;
let bundle: { folder: string; remove: () => void };
let few: ReturnType<typeof fewPrograms>;
let files: string[];
let records: string[];

beforeAll(async () => {
  few = fewPrograms();
  database = await openTestDatabase('SQLite');
  const stage = await openProofStage(database.db);
  const [ines, other] = [await stage.person(), await stage.person('other@example.com')];
  for (const person of [ines, other, ines, other]) await stage.act(person, { documentHash: person === ines ? sha256('a signed contract') : null });
  await stage.act(ines, { status: 'withdrawn' });
  bundle = unpack(await proofOf(stage.flow, stage.tenant, ines));
  files = readdirSync(bundle.folder, { recursive: true, withFileTypes: true }).flatMap((file) =>
    file.isFile() ? [join(file.parentPath, file.name).slice(bundle.folder.length + 1)] : [],
  );
  records = files.filter((file) => file.startsWith('records/')).sort();
});
afterAll(async () => {
  await database.close();
  bundle.remove();
  few.remove();
});

/** Lets `harm` come over a copy of the bundle, and verifies it with the script as it ships. */
function harmed(harm: (folder: string) => void, args: readonly string[] = []): { code: number | null; said: string } {
  const { folder, remove } = copyOf(bundle.folder);
  try {
    harm(folder);
    return verify(folder, few.path, args, OWN);
  } finally {
    remove();
  }
}

const edit = (folder: string, file: string, change: (text: string) => string) => writeFileSync(join(folder, file), change(readFileSync(join(folder, file), 'utf8')));

/** What a forger can do who has no key of the server: sign head and manifest anew with a key of their own. Everything that is still found is found by itself. */
function forge(folder: string): void {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  writeFileSync(join(folder, 'key.pem'), pem);
  edit(folder, 'head.txt', (line) => line.replace(/key=\w+/, `key=${sha256(createPublicKey(pem).export({ type: 'spki', format: 'der' }))}`));
  const signed = (from: string, to: string) => writeFileSync(join(folder, to), sign(null, readFileSync(join(folder, from)), privateKey));
  signed('head.txt', 'head.sig');
  const here = readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((file) => (file.isFile() ? [join(file.parentPath, file.name).slice(folder.length + 1)] : []));
  const listed = here.filter((file) => !file.startsWith('MANIFEST')).sort();
  writeFileSync(join(folder, 'MANIFEST.sha256'), listed.map((file) => `${sha256(readFileSync(join(folder, file)))}  ${file}\n`).join(''));
  signed('MANIFEST.sha256', 'MANIFEST.sig');
}

const lines = (text: string) => text.split('\n').filter(Boolean);
const swap = <T>(list: T[], a: number, b: number): T[] => list.map((item, index) => (index === a ? list[b] : index === b ? list[a] : item) ?? item);

it('the bundle itself holds, by its own script and by the one that ships', () => {
  expect(verify(bundle.folder, few.path).code).toBe(0);
  expect(harmed(() => undefined)).toMatchObject({ code: 0 });
  expect(readFileSync(join(bundle.folder, 'verify.sh'), 'utf8')).toBe(readFileSync(OWN, 'utf8'));
});

describe('a byte that is flipped', () => {
  const flip = (file: string, at: number, bit: number) => (folder: string) => {
    const bytes = readFileSync(join(folder, file));
    const place = at % bytes.length;
    bytes.writeUInt8(bytes.readUInt8(place) ^ (1 << bit), place);
    writeFileSync(join(folder, file), bytes);
  };
  it('is found in every file, at its last byte', () => {
    for (const file of files) {
      const { length } = readFileSync(join(bundle.folder, file));
      expect({ file, ...harmed(flip(file, length - 1, 0)) }).toMatchObject({ file, code: 1, said: expect.stringContaining('FAULT') as string });
    }
  }, 60_000);
  it('is found wherever it is', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(1_000_000), fc.nat(7), (file, at, bit) => harmed(flip(files[file % files.length] ?? '', at, bit)).code === 1),
      { numRuns: RUNS },
    );
  }, 60_000);
});

describe('a bundle that was cut', () => {
  it.each(['head.sig', 'chain.tsv', 'key.pem', 'MANIFEST.sig', 'about.txt'])('by %s is not whole', (file) => {
    expect(harmed((folder) => rmSync(join(folder, file)))).toMatchObject({ code: 1, said: expect.stringContaining(`The file ${file} is missing`) as string });
  });
  it('in the middle of any file is found', () => {
    for (const file of files) expect({ file, ...harmed((folder) => edit(folder, file, (text) => text.slice(0, text.length / 2))) }).toMatchObject({ file, code: 1 });
  }, 60_000);
  it('by a file that is listed is named', () => {
    const [first = ''] = records;
    expect(harmed((folder) => rmSync(join(folder, first))).said).toContain(`FAULT  ${first} is missing.`);
  });
});

describe('a forger without the key of the server, who signs all of it anew', () => {
  const forged = (harm: (folder: string) => void, args: readonly string[] = []) =>
    harmed((folder) => {
      harm(folder);
      forge(folder);
    }, args);
  const faultsOf = ({ said }: { said: string }) => said.split('\n').filter((line) => line.startsWith('FAULT'));

  it('is found out by the key that the server publishes, and only by it', () => {
    const trusted = ['--key', join(bundle.folder, 'key.pem')];
    expect(harmed(() => undefined, trusted)).toMatchObject({ code: 0 });
    const alone = forged(() => undefined);
    expect([alone.code, alone.said]).toEqual([0, expect.stringContaining('Not proven: whose key it is.')]);
    expect(forged(() => undefined, trusted)).toMatchObject({ code: 1, said: expect.stringContaining('key.pem is not the key that you trust') as string });
  });
  it('cannot forge the head alone', () => {
    const said = (harm: (folder: string) => void) => faultsOf(harmed(harm)).join('\n');
    expect(said((folder) => writeFileSync(join(folder, 'head.sig'), sign(null, readFileSync(join(folder, 'head.txt')), generateKeyPairSync('ed25519').privateKey)))).toContain(
      'the head is forged',
    );
    expect(said((folder) => writeFileSync(join(folder, 'key.pem'), generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' })))).toContain(
      'the key was exchanged',
    );
  });
  it('cannot edit the wording', () => {
    const run = forged((folder) => edit(folder, 'texts/newsletter-en-v1.txt', (text) => text.replace('Yes', 'No')));
    expect(run.code).toBe(1);
    expect(faultsOf(run)).toHaveLength(records.length);
    expect(faultsOf(run)[0]).toMatch(/The wording of entry 1 is not in the bundle, or was edited/);
  });
  it('cannot edit an act', () => {
    const [first = ''] = records;
    const run = forged((folder) => edit(folder, first, (text) => text.replace('"granted"', '"declined"')));
    expect(faultsOf(run)).toEqual([`FAULT  ${first} is not what the chain holds as entry 1.`]);
  });
  it('cannot edit who it was', () => {
    const run = forged((folder) => edit(folder, files.find((file) => file.startsWith('identity/')) ?? '', (text) => text.replace('Ines', 'Inez')));
    expect(faultsOf(run)).toEqual([expect.stringContaining('is not what was sealed when the act was recorded')]);
  });
  it('cannot remove a record, or a link of the chain', () => {
    expect(faultsOf(forged((folder) => rmSync(join(folder, records[1] ?? ''))))).toEqual(['FAULT  The bundle should hold 3 records and holds 2.']);
    const cut = (place: number) => forged((folder) => edit(folder, 'chain.tsv', (text) => `${lines(text).toSpliced(place, 1).join('\n')}\n`));
    expect(faultsOf(cut(1))[0]).toContain('Entry 3 does not come after entry 1: an entry was removed or moved.');
    expect(faultsOf(cut(4))[0]).toContain('The chain does not end in the signed head');
  });
  it('cannot swap records, or links of the chain', () => {
    const exchanged = forged((folder) => {
      const [a, b] = [join(folder, records[0] ?? ''), join(folder, records[1] ?? '')];
      renameSync(a, `${a}.x`);
      renameSync(b, a);
      renameSync(`${a}.x`, b);
    });
    expect(faultsOf(exchanged).filter((line) => line.includes('records were exchanged'))).toHaveLength(2);
    const swapped = forged((folder) => edit(folder, 'chain.tsv', (text) => `${swap(lines(text), 1, 2).join('\n')}\n`));
    expect(faultsOf(swapped)[0]).toContain('Entry 3 does not come after entry 1');
    const renumbered = forged((folder) =>
      edit(
        folder,
        'chain.tsv',
        (text) =>
          `${swap(lines(text), 1, 2)
            .map((line, index) => line.replace(/^\d+/, String(index + 1)))
            .join('\n')}\n`,
      ),
    );
    expect(faultsOf(renumbered)[0]).toContain('Entry 2 does not follow from the one before it.');
  });
  it('cannot put an act in that was never there', () => {
    const run = forged((folder) => {
      const first = records[0] ?? '';
      const text = readFileSync(join(folder, first), 'utf8').replace('"granted"', '"withdrawn"').replace('"seq":1', '"seq":2');
      writeFileSync(join(folder, first.replace('000001-', '000002-')), text);
      edit(folder, 'about.txt', (about) => about.replace('records 3', 'records 4'));
    });
    expect(faultsOf(run)).toEqual([expect.stringContaining('is not what the chain holds as entry 2.')]);
  });
});

it('a file that was added is named', () => {
  expect(harmed((folder) => writeFileSync(join(folder, 'records/note.txt'), 'trust me')).said).toContain('FAULT  records/note.txt is not in the manifest: it was added.');
});
it('the signed document that somebody holds is compared with the records', () => {
  const held = (text: string) => {
    const path = join(few.path, 'held.pdf');
    writeFileSync(path, text);
    return harmed(() => undefined, ['--document', path]);
  };
  expect(held('a signed contract')).toMatchObject({ code: 0, said: expect.stringContaining('is the one that was signed') as string });
  expect(held('another contract')).toMatchObject({ code: 1 });
});
it('what is no bundle is refused in words', () => {
  expect(verify('/nonexistent', few.path, [], OWN)).toMatchObject({ code: 1, said: expect.stringContaining('There is no such folder.') as string });
  expect(harmed((folder) => appendFileSync(join(folder, 'head.txt'), 'x\n'))).toMatchObject({
    code: 1,
    said: expect.stringContaining('not one line of the documented form') as string,
  });
});
