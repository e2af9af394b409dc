import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { minify, transform } from '@swc/core';

const source = join(import.meta.dirname, '../src');

async function shippedModules(): Promise<string[]> {
  const names = await readdir(source, { recursive: true });
  return names.filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'));
}

async function minified(name: string): Promise<string> {
  const { code } = await transform(await readFile(join(source, name), 'utf8'), {
    swcrc: false,
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
  });
  return (await minify(code, { module: true, mangle: true, compress: true })).code;
}

describe('the size of the SDK', () => {
  it('is at most 10,240 bytes on the wire: minified and gzipped, all storages included', async () => {
    const modules = await Promise.all((await shippedModules()).map(minified));
    expect(gzipSync(modules.join('\n')).length).toBeLessThanOrEqual(10_240);
  });

  it('is at most 26,000 bytes minified', async () => {
    const modules = await Promise.all((await shippedModules()).map(minified));
    expect(Buffer.byteLength(modules.join('\n'))).toBeLessThanOrEqual(26_000);
  });

  it('names no module of Node in an import that a bundler would follow', async () => {
    for (const name of await shippedModules()) {
      const { code } = await transform(await readFile(join(source, name), 'utf8'), {
        swcrc: false,
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      });
      expect(code).not.toMatch(/(from|import\s*\(?)\s*['"](?!\.{1,2}\/)/);
    }
  });
});
