import { inspect } from 'node:util';
import { forgePackage, honestFiles, jsonFile, manifest, refusalOf } from './package-fixture.js';

const key = ['mk_', 'live_', 'aB3dE6gH9jK2mN5pQ8sT1vW4xY7zC0fRaB3dE6gH'].join('');
const withFile = (name: string, data: string | Buffer) =>
  forgePackage([...honestFiles(), { name, data: Buffer.from(data), method: 8 }]);

describe('a package that carries a secret', () => {
  it('is refused with its place, and hands the key to the caller alone', async () => {
    const error = await refusalOf(withFile('src/config.lua', `-- settings\nlocal key = "${key}"\n`));
    expect(error).toMatchObject({ code: 'secret-found', check: 'secrets', path: 'src/config.lua' });
    expect(error.evidence).toEqual([
      { path: 'src/config.lua', line: 2, kind: 'mosis-api-key', excerpt: expect.any(String) },
    ]);
    expect(error.secrets).toEqual([key]);
    const shown = [
      error.message,
      error.detail,
      JSON.stringify(error),
      JSON.stringify(error.toReport()),
      inspect(error),
    ];
    expect(shown.join('\n')).not.toContain(key);
  });

  it('is refused wherever the secret is: in the manifest, in a file name, in a binary file', async () => {
    const rest = honestFiles().slice(1);
    const inManifest = forgePackage([jsonFile({ ...manifest, description: `use ${key}` }), ...rest]);
    expect((await refusalOf(inManifest)).secrets).toEqual([key]);
    expect((await refusalOf(withFile(`${key}.txt`, 'x'))).secrets).toEqual([key]);
    expect((await refusalOf(withFile('a.bin', Buffer.concat([Buffer.alloc(5000), Buffer.from(key)])))).secrets).toEqual(
      [key],
    );
  });

  it('names each file once per secret, up to twenty', async () => {
    const files = Array.from({ length: 30 }, (_, n) => ({ name: `f${n}.txt`, data: Buffer.from(`${key}${n}`) }));
    const error = await refusalOf(forgePackage([...honestFiles(), ...files]));
    expect(error.evidence).toHaveLength(20);
    expect(error.secrets).toHaveLength(30);
    expect(error.detail).toMatch(/"f0\.txt" \(line 1\)/);
  });

  it('hands over the keys that were seen also when it is refused for another reason', async () => {
    const bad = [
      { name: 'a.txt', data: Buffer.from(key) },
      { name: 'b.txt', data: Buffer.from('x'), crc: 1 },
    ];
    const error = await refusalOf(forgePackage([...honestFiles(), ...bad]));
    expect(error.code).toBe('crc-mismatch');
    expect(error.secrets).toEqual([key]);
  });

  it('is refused when the secret lies across two chunks of a long file', async () => {
    for (const at of [65_500, 65_536, 131_040]) {
      const data = Buffer.alloc(300_000, 'ab c\n');
      data.write(` ${key} `, at);
      expect((await refusalOf(withFile('long.txt', data))).secrets).toEqual([key]);
    }
  });
});
