import { type KeyObject, createHash, createPrivateKey, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import {
  PackageError,
  type PackageLimits,
  type VerifiedPackage,
  generateSigningKey,
  parsePublicKeyPem,
  verifyPackage,
} from '../src/index.js';
import { type ForgedEnd, type ForgedEntry, forgeZip } from './zip-forge.js';

const signingKey = generateSigningKey();
export const privateKey: KeyObject = createPrivateKey(signingKey.privateKeyPem);
export const publicKey = parsePublicKeyPem(signingKey.publicKeyPem);
export const keys = [{ id: 'key-1', publicKey }];

export const manifest = {
  id: 'com.example.clock',
  name: 'Clock',
  version: '1.2.3',
  version_code: 7,
  entry: 'assets/main.rml',
  permissions: ['network'],
  min_mosis_version: '1.0.0',
};

export function jsonFile(value: unknown): ForgedEntry {
  return { name: 'manifest.json', data: Buffer.from(JSON.stringify(value)) };
}

/** An honest package of two files, to be spoiled in one place. */
export function honestFiles(): ForgedEntry[] {
  return [
    jsonFile(manifest),
    { name: 'assets/main.rml', data: Buffer.from('<rml>hello</rml>\n'.repeat(40)), method: 8 },
  ];
}

export function png(width: number, height = width): Buffer {
  const image = new PNG({ width, height });
  for (let index = 0; index < image.data.length; index++) image.data[index] = (index * 7) & 0xff;
  return PNG.sync.write(image, { filterType: 0 });
}

export function listOf(files: ForgedEntry[]): string {
  const blocks = files
    .filter(({ name }) => !name.toString().endsWith('/'))
    .map(({ name, data = Buffer.alloc(0) }) => {
      const digest = createHash('sha256').update(data).digest('base64');
      return `Name: ${name.toString()}\nSHA-256-Digest: ${digest}\n\n`;
    });
  return `Manifest-Version: 1.0\n\n${blocks.join('')}`;
}

/** The two records of META-INF that sign this text. */
export function signatureEntries(list: string | Buffer, key: KeyObject = privateKey): ForgedEntry[] {
  const bytes = Buffer.from(list);
  return [
    { name: 'META-INF/MANIFEST.MF', data: bytes },
    { name: 'META-INF/CERT.SIG', data: sign(null, bytes, key) },
  ];
}

/** A package whose files are signed as an honest builder would, whatever is wrong with its records. */
export function forgePackage(files: ForgedEntry[] = honestFiles(), end: ForgedEnd = {}): Buffer {
  return forgeZip([...files, ...signatureEntries(listOf(files))], end);
}

const folder = mkdtempSync(join(tmpdir(), 'mosis-package-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let fileCount = 0;

export function temporaryPath(): string {
  return join(folder, `${++fileCount}.mosis`);
}

export async function verifyBytes(
  bytes: Buffer,
  options: { keys?: typeof keys; limits?: Partial<PackageLimits>; signal?: AbortSignal } = {},
): Promise<VerifiedPackage> {
  const path = temporaryPath();
  await writeFile(path, bytes);
  try {
    return await verifyPackage(path, { keys, ...options });
  } finally {
    rmSync(path);
  }
}

/** The refusal of these bytes; fails the test when they are accepted or something else is thrown. */
export async function refusalOf(bytes: Buffer, options: Parameters<typeof verifyBytes>[1] = {}): Promise<PackageError> {
  const error: unknown = await verifyBytes(bytes, options).then(
    () => new Error('the package was accepted'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof PackageError)) throw error;
  return error;
}
