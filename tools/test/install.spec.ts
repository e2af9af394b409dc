import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findDisagreements, isInstalled } from '../lib/install.mjs';
import { makeFolder, removeFolders, writeFiles } from './support/folders.js';

const platform = { os: 'linux', cpu: 'x64' };
const a = { version: '1.0.0', integrity: 'sha512-a' };

afterAll(removeFolders);

describe('comparing what is installed with the lockfile', () => {
  it('finds no disagreement in an equal record, and ignores extra packages', () => {
    expect(findDisagreements({ '': {}, 'node_modules/a': a }, { 'node_modules/a': a, 'node_modules/b': a })).toEqual(
      [],
    );
  });

  it('finds a package that is missing, of another version or of other content', () => {
    const locked = { 'node_modules/a': a, 'node_modules/b': a, 'node_modules/c': a };
    const installed = {
      'node_modules/b': { ...a, version: '1.0.1' },
      'node_modules/c': { ...a, integrity: 'sha512-other' },
    };
    expect(findDisagreements(locked, installed)).toEqual(['node_modules/a', 'node_modules/b', 'node_modules/c']);
  });

  it('wants optional packages of this platform only', () => {
    const locked = {
      'node_modules/here': { ...a, optional: true, os: ['linux'], cpu: 'x64' },
      'node_modules/arm': { ...a, optional: true, os: ['linux'], cpu: ['arm64'] },
      'node_modules/not-here': { ...a, optional: true, os: ['!linux'] },
      'node_modules/anywhere': { ...a, optional: true },
    };
    expect(findDisagreements(locked, {}, platform)).toEqual(['node_modules/here']);
  });

  it('wants the link of every workspace', () => {
    const locked = { 'libs/x': { version: '1.0.0' }, 'node_modules/@mosis/x': { resolved: 'libs/x', link: true } };
    expect(findDisagreements(locked, {})).toEqual(['node_modules/@mosis/x']);
    expect(findDisagreements(locked, { 'node_modules/@mosis/x': { resolved: 'libs/x', link: true } })).toEqual([]);
  });
});

describe('the install stamp', () => {
  const lockfile = (version: string) => ({ packages: { '': {}, 'node_modules/a': { ...a, version } } });

  it('is missing on a fresh clone', () => {
    const root = makeFolder();
    writeFiles(root, { 'package-lock.json': lockfile('1.0.0') });
    expect(isInstalled(root)).toBe(false);
  });

  it('is written for a node_modules that npm filled by hand', () => {
    const root = makeFolder();
    writeFiles(root, { 'package-lock.json': lockfile('1.0.0'), 'node_modules/.package-lock.json': lockfile('1.0.0') });
    expect(isInstalled(root)).toBe(true);
    expect(existsSync(join(root, 'node_modules/.mosis-install'))).toBe(true);
    expect(isInstalled(root)).toBe(true);
  });

  it('does not hold while a folder below a workspace is missing', () => {
    const root = makeFolder();
    const packages = { ...lockfile('1.0.0').packages, 'apps/x/node_modules/b': a };
    writeFiles(root, { 'package-lock.json': { packages }, 'node_modules/.package-lock.json': { packages } });
    expect(isInstalled(root)).toBe(false);
    writeFiles(root, { 'apps/x/node_modules/b/package.json': {} });
    expect(isInstalled(root)).toBe(true);
    rmSync(join(root, 'apps'), { recursive: true });
    expect(isInstalled(root)).toBe(false);
  });

  it('no longer holds when the lockfile changes', () => {
    const root = makeFolder();
    writeFiles(root, { 'package-lock.json': lockfile('1.0.0'), 'node_modules/.package-lock.json': lockfile('1.0.0') });
    expect(isInstalled(root)).toBe(true);
    writeFiles(root, { 'package-lock.json': lockfile('1.1.0') });
    expect(isInstalled(root)).toBe(false);
  });

  it('no longer holds when npm installed something else, or was cut off', () => {
    const root = makeFolder();
    writeFiles(root, { 'package-lock.json': lockfile('1.0.0'), 'node_modules/.package-lock.json': lockfile('1.0.0') });
    expect(isInstalled(root)).toBe(true);
    writeFiles(root, { 'node_modules/.package-lock.json': lockfile('1.1.0') });
    expect(isInstalled(root)).toBe(false);
    rmSync(join(root, 'node_modules/.package-lock.json'));
    expect(isInstalled(root)).toBe(false);
  });
});
