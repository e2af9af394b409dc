import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildPackage, buildPackageFromEntries, listEntries, readEntry, verifyPackage } from '../src/index.js';
import { keys, manifest, privateKey, temporaryPath, verifyBytes } from './package-fixture.js';

const json = Buffer.from(JSON.stringify(manifest));
const main = Buffer.from('<rml>hello</rml>\n'.repeat(500));
const noise = createHash('shake256', { outputLength: 500_000 }).update('noise').digest();

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mosis-source-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function put(path: string, data: Buffer | string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), data);
}

async function putHonest(): Promise<void> {
  await put('manifest.json', json);
  await put('assets/main.rml', main);
  await put('assets/noise.bin', noise);
}

async function read(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe('building from a folder', () => {
  it('makes a package that verifies, and answers its digest and size', async () => {
    await putHonest();
    const out = temporaryPath();
    const built = await buildPackage(root, out, privateKey);
    const bytes = await readFile(out);
    expect(built).toEqual({ sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length });
    const verified = await verifyPackage(out, { keys });
    expect(verified).toMatchObject({ ...built, manifest, signedBy: 'key-1' });
    expect(verified.entries).toEqual(
      [
        { path: 'assets/main.rml', data: main },
        { path: 'assets/noise.bin', data: noise },
        { path: 'manifest.json', data: json },
      ].map(({ path, data }) => ({
        path,
        sizeBytes: data.length,
        sha256: createHash('sha256').update(data).digest('hex'),
      })),
    );
    // What deflate would enlarge is stored.
    expect(bytes.length).toBeLessThan(noise.length + 2000);
  });

  it('is deterministic, and the same as from memory in any order', async () => {
    await putHonest();
    const [first, second] = [temporaryPath(), temporaryPath()];
    await buildPackage(root, first, privateKey);
    await buildPackage(root, second, privateKey);
    const bytes = await readFile(first);
    expect(bytes.equals(await readFile(second))).toBe(true);
    const entries = [
      { path: 'assets/noise.bin', data: noise },
      { path: 'manifest.json', data: json },
      { path: 'assets/main.rml', data: main },
    ];
    expect((await buildPackageFromEntries(entries, privateKey)).equals(bytes)).toBe(true);
  });

  it('replaces an earlier signature, and leaves out the package itself', async () => {
    await putHonest();
    await put('META-INF/MANIFEST.MF', 'old');
    await put('META-INF/CERT.SIG', 'old');
    const out = join(root, 'app.mosis');
    const first = await buildPackage(root, out, privateKey);
    expect(await buildPackage(root, out, privateKey)).toEqual(first);
    expect((await listEntries(out)).map(({ path }) => path)).not.toContain('app.mosis');
  });

  it.each([
    ['manifest-missing', async () => rm(join(root, 'manifest.json'))],
    ['manifest-entry-missing', async () => rm(join(root, 'assets/main.rml'))],
    ['secret-found', async () => put('.env', `KEY=${['mk_', 'live_', 'abcdefgh'.repeat(5)].join('')}`)],
    ['source-special-file', async () => symlink('/etc/passwd', join(root, 'link'))],
    ['meta-inf-unknown-file', async () => put('META-INF/notes.txt', 'x')],
    ['path-reserved-name', async () => put('aux.txt', 'x')],
    ['path-colon', async () => put('ab:c', 'x')],
  ] as const)('refuses with %s what an upload would be refused for, and leaves no file', async (code, spoil) => {
    await putHonest();
    await spoil();
    const folder = await mkdtemp(join(tmpdir(), 'mosis-out-'));
    await expect(buildPackage(root, join(folder, 'out.mosis'), privateKey)).rejects.toMatchObject({ code });
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
  });
});

describe('building from memory', () => {
  it('refuses what an upload would be refused for, unless told not to', async () => {
    const entries = [{ path: 'manifest.json', data: json }];
    await expect(buildPackageFromEntries(entries, privateKey)).rejects.toMatchObject({
      code: 'manifest-entry-missing',
    });
    const bytes = await buildPackageFromEntries(entries, privateKey, { validate: false });
    await expect(verifyBytes(bytes)).rejects.toMatchObject({ code: 'manifest-entry-missing' });
  });

  it('refuses two files of one path', async () => {
    const entries = [manifestEntry(), manifestEntry(), { path: 'assets/main.rml', data: main }];
    await expect(buildPackageFromEntries(entries, privateKey)).rejects.toMatchObject({ code: 'duplicate-entry' });
  });

  function manifestEntry() {
    return { path: 'manifest.json', data: json };
  }
});

describe('looking into a verified package', () => {
  it('lists its files and streams each of them', async () => {
    await putHonest();
    const out = temporaryPath();
    await buildPackage(root, out, privateKey);
    expect(await listEntries(out)).toEqual((await verifyPackage(out, { keys })).entries);
    for (const [path, data] of [
      ['assets/noise.bin', noise],
      ['assets/main.rml', main],
      ['manifest.json', json],
    ] as const) {
      const { sizeBytes, stream } = await readEntry(out, path);
      expect(sizeBytes).toBe(data.length);
      expect((await read(stream)).equals(data)).toBe(true);
    }
    expect((await readEntry(out, 'META-INF/CERT.SIG')).sizeBytes).toBe(64);
    await expect(readEntry(out, 'nope')).rejects.toMatchObject({ code: 'entry-not-found' });
    await expect(readEntry(out, '../manifest.json')).rejects.toMatchObject({ code: 'entry-not-found' });
  });

  it('closes the file when a reader leaves early', async () => {
    await putHonest();
    const out = temporaryPath();
    await buildPackage(root, out, privateKey);
    const before = (await readdir('/proc/self/fd').catch(() => [])).length;
    for (let n = 0; n < 20; n++) {
      const { stream } = await readEntry(out, 'assets/noise.bin');
      for await (const _chunk of stream) break;
      stream.destroy();
    }
    await new Promise((resolve) => setImmediate(resolve));
    const after = (await readdir('/proc/self/fd').catch(() => [])).length;
    expect(after).toBeLessThanOrEqual(before + 1);
  });
});
