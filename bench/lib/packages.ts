import { createPrivateKey, randomFillSync } from 'node:crypto';
import { buildPackageFromEntries } from '@mosis/package';

/** What a package of a benchmark is. */
export interface BenchPackage {
  packageId: string;
  versionCode: number;
  /** About so many bytes, packed: its content cannot be compressed. */
  sizeBytes: number;
  privateKeyPem: string;
}

/** Files of a package that hold its weight; one large file would be more than a file may weigh somewhere. */
const FILE_BYTES = 4 * 2 ** 20;
/** Manifest, list of digests, signature and headers of the archive. */
const FRAME_BYTES = 2_048;

/** Builds a signed package in memory, without verifying it: the upload does. */
export async function makePackage({ packageId, versionCode, sizeBytes, privateKeyPem }: BenchPackage): Promise<Buffer> {
  const manifest = {
    id: packageId,
    name: 'Benchmark',
    version: `1.0.${versionCode}`,
    version_code: versionCode,
    entry: 'main.rml',
    permissions: [],
    min_mosis_version: '1.0.0',
  };
  const entries = [
    { path: 'manifest.json', data: Buffer.from(JSON.stringify(manifest)) },
    { path: 'main.rml', data: Buffer.from('<rml/>\n') },
  ];
  for (let left = sizeBytes - FRAME_BYTES; left > 0; left -= FILE_BYTES) {
    const data = randomFillSync(Buffer.allocUnsafe(Math.min(left, FILE_BYTES)));
    entries.push({ path: `assets/${entries.length}.bin`, data });
  }
  return buildPackageFromEntries(entries, createPrivateKey(privateKeyPem), { validate: false });
}
