import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PACKAGE_ERROR_CODES } from '../src/index.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const codes = Object.keys(PACKAGE_ERROR_CODES);

function readAll(filter: (path: string) => boolean): string {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => !path.startsWith('dist') && !path.includes('node_modules') && filter(path))
    .map((path) => readFileSync(join(root, path), 'utf8'))
    .join('\n');
}

describe('every refusal code', () => {
  it('has one row of the README, and no row names another', () => {
    const rows = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^\| `([a-z0-9-]+)` +\|/gm)];
    expect(rows.map(([, code]) => code).sort()).toEqual([...codes].sort());
  });

  it('is thrown by the sources', () => {
    const sources = readAll(
      (path) => path.endsWith('.ts') && !path.endsWith('.spec.ts') && !path.endsWith('error-codes.ts'),
    );
    expect(codes.filter((code) => !sources.includes(`'${code}'`))).toEqual([]);
  });

  it('is asserted by a test', () => {
    const tests = readAll((path) => path.endsWith('.spec.ts'));
    expect(codes.filter((code) => !tests.includes(`'${code}'`))).toEqual([]);
  });
});
