import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildStampFile,
  deleteStaleOutputs,
  digestOutputs,
  digestSources,
  formatStamp,
  isBuilt,
} from '../lib/build-stamp.mjs';
import { makeFolder, removeFolders, writeFiles } from './support/folders.js';

function makeBuilt(): string {
  const root = makeFolder();
  writeFiles(root, {
    'package.json': { workspaces: ['libs/*'] },
    'libs/x/package.json': { scripts: { build: 'swc src -d dist --strip-leading-paths' } },
    'libs/x/src/index.ts': 'export {};',
    'libs/x/src/deep/part.ts': 'export {};',
    'libs/x/dist/index.js': 'export {};',
    'libs/x/dist/deep/part.js': 'export {};',
    'libs/x/dist/deep/part.js.map': '{}',
    '.nx/keep': '',
  });
  writeFileSync(buildStampFile(root), formatStamp(digestSources(root), digestOutputs(root)));
  return root;
}

afterAll(removeFolders);

describe('the build stamp', () => {
  it('holds while nothing changes, and is missing on a fresh clone', () => {
    const root = makeBuilt();
    expect(isBuilt(root)).toBe(true);
    rmSync(buildStampFile(root));
    expect(isBuilt(root)).toBe(false);
  });

  it.each([
    ['a changed source', { 'libs/x/src/index.ts': 'export const changed = 1;' }],
    ['a new source', { 'libs/x/src/other.ts': 'export {};' }],
    ['a new workspace', { 'libs/y/package.json': {} }],
    ['a changed lockfile', { 'package-lock.json': {} }],
    ['a changed output', { 'libs/x/dist/index.js': 'export const meddled = 1;' }],
  ])('no longer holds after %s', (_, files) => {
    const root = makeBuilt();
    writeFiles(root, files);
    expect(isBuilt(root)).toBe(false);
  });

  it.each(['libs/x/src/deep/part.ts', 'libs/x/dist', 'libs/x/dist/deep/part.js'])(
    'no longer holds when %s was deleted',
    (path) => {
      const root = makeBuilt();
      rmSync(join(root, path), { recursive: true });
      expect(isBuilt(root)).toBe(false);
    },
  );

  it('does not look at tests of a workspace', () => {
    const root = makeBuilt();
    writeFiles(root, { 'libs/x/test/new.spec.ts': 'it.todo("more");' });
    expect(isBuilt(root)).toBe(true);
  });
});

describe('stale outputs', () => {
  it('are deleted when their source is gone or a test, with the folders they leave empty', () => {
    const root = makeBuilt();
    writeFiles(root, { 'libs/x/src/index.spec.ts': '', 'libs/x/dist/index.spec.js': '' });
    rmSync(join(root, 'libs/x/src/deep'), { recursive: true });
    expect(deleteStaleOutputs(root).sort()).toEqual([
      'libs/x/dist/deep/part.js',
      'libs/x/dist/deep/part.js.map',
      'libs/x/dist/index.spec.js',
    ]);
    expect(existsSync(join(root, 'libs/x/dist/deep'))).toBe(false);
    expect(existsSync(join(root, 'libs/x/dist/index.js'))).toBe(true);
  });

  it('are left alone where a bundler decides what lies in dist', () => {
    const root = makeBuilt();
    writeFiles(root, {
      'libs/y/package.json': { scripts: { build: 'vite build' } },
      'libs/y/dist/assets/index-4f2a.js': '',
    });
    expect(deleteStaleOutputs(root)).toEqual([]);
  });
});
