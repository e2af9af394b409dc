import { SECRET_PATTERNS } from '../src/secrets/secret-patterns.js';
import { forgePackage, honestFiles, verifyBytes } from './package-fixture.js';

describe('the report of a package that passed', () => {
  it('says of each check what it looked at and what it found', async () => {
    const files = honestFiles();
    const { checks, entries } = await verifyBytes(forgePackage(files));
    const kinds = new Set(SECRET_PATTERNS.map(({ kind }) => kind)).size;
    expect(entries).toHaveLength(2);
    expect(checks.every(({ status }) => status === 'passed')).toBe(true);
    expect(checks.map(({ name, detail }) => [name, detail])).toEqual([
      ['archive', expect.stringMatching(/^4 files, [\d,]+ bytes unpacked; each was read to its end\.$/)],
      ['signature', 'A registered key has signed the list of 2 files, and each file is the one of the list.'],
      [
        'manifest',
        'com.example.clock 1.2.3 (7) for Mosis 1.0.0 or later; starts assets/main.rml; asks for 1 permission.',
      ],
      ['secrets', `4 files searched for ${kinds} kinds of keys and tokens; none is there.`],
      ['images', 'The manifest names no icon.'],
    ]);
  });
});
