import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { addMissingOptionals, findMissingOptionals, type Lockfile } from '../lib/lockfile.mjs';
import { root } from '../lib/workspace.mjs';

const incomplete = (): Lockfile => ({
  packages: {
    '': {},
    'node_modules/fast': {
      version: '2.0.0',
      dev: true,
      optionalDependencies: {
        'fast-linux-x64-gnu': '2.0.0',
        'fast-linux-arm64-musl': '2.0.0',
        'fast-win32-x64': '2.0.0',
      },
    },
    'node_modules/fast/node_modules/fast-linux-x64-gnu': { version: '2.0.0', optional: true },
  },
});

describe('the lockfile', () => {
  it('of this repository has an entry for every platform, without which npm ci refuses it (tools/complete-lockfile.mjs adds them)', () => {
    const lockfile = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lockfile;
    expect(findMissingOptionals(lockfile).map(({ name }) => name)).toEqual([]);
  });

  it('is missing the optional packages that nothing up the tree provides', () => {
    expect(findMissingOptionals(incomplete()).map(({ name }) => name)).toEqual([
      'fast-linux-arm64-musl',
      'fast-win32-x64',
    ]);
  });

  it('is completed with entries that say their platform', () => {
    const lockfile = incomplete();
    addMissingOptionals(lockfile);
    expect(findMissingOptionals(lockfile)).toEqual([]);
    expect(lockfile.packages['node_modules/fast-linux-arm64-musl']).toEqual({
      version: '2.0.0',
      dev: true,
      cpu: ['arm64'],
      libc: ['musl'],
      os: ['linux'],
      optional: true,
    });
  });

  it('is not completed with a package whose platform nobody can tell', () => {
    const lockfile = { packages: { '': { optionalDependencies: { mystery: '1.0.0' } } } };
    expect(() => addMissingOptionals(lockfile)).toThrow('mystery does not say its platform');
  });
});
