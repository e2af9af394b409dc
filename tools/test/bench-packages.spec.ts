import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateSigningKey, parsePublicKeyPem, verifyPackage } from '@mosis/package';
import { copyHashed } from '../../bench/baselines/hashed-copy.ts';
import { makePackage } from '../../bench/lib/packages.ts';

describe('a package of the benchmarks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mosis-bench-packages-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is as large as asked, passes verification, and can be copied', async () => {
    const { privateKeyPem, publicKeyPem } = generateSigningKey();
    const sizeBytes = 5_000_000;
    const bytes = await makePackage({ packageId: 'com.bench.app', versionCode: 7, sizeBytes, privateKeyPem });
    expect(Math.abs(bytes.length / sizeBytes - 1)).toBeLessThan(0.002);
    const file = join(folder, 'one.mosis');
    writeFileSync(file, bytes);
    const verified = await verifyPackage(file, { keys: [{ id: 'key', publicKey: parsePublicKeyPem(publicKeyPem) }] });
    expect(verified.manifest).toMatchObject({ id: 'com.bench.app', version_code: 7 });
    expect(copyHashed(file, join(folder, 'copy'))).toBeGreaterThan(0);
    expect(readdirSync(folder)).toEqual(['one.mosis']);
  });
});
