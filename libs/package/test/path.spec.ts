import { forgePackage, honestFiles, refusalOf, verifyBytes } from './package-fixture.js';

const data = Buffer.from('x');
const withPath = (name: string | Buffer, flags = 0x800) =>
  forgePackage([...honestFiles(), { name, data: name.toString().endsWith('/') ? Buffer.alloc(0) : data, flags }]);
const withPaths = (...names: string[]) =>
  forgePackage([
    ...honestFiles(),
    ...names.map((name) => ({ name, data: name.endsWith('/') ? Buffer.alloc(0) : data })),
  ]);

describe('a path', () => {
  const refused: [string, string | Buffer][] = [
    ['path-empty', ''],
    ['path-too-long', 'a'.repeat(256)],
    ['path-too-long', 'ü'.repeat(128)],
    ['path-absolute', '/etc/passwd'],
    ['path-absolute', '/'],
    ['path-absolute', '//server/share'],
    ['path-traversal', '../up.txt'],
    ['path-traversal', 'a/../../up.txt'],
    ['path-traversal', 'a/..'],
    ['path-traversal', '..'],
    ['path-dot-segment', './a'],
    ['path-dot-segment', 'a/./b'],
    ['path-dot-segment', '.'],
    ['path-empty-segment', 'a//b'],
    ['path-empty-segment', 'a//'],
    ['path-backslash', 'a\\b'],
    ['path-backslash', '..\\up.txt'],
    ['path-drive-letter', 'C:/windows'],
    ['path-drive-letter', 'c:file'],
    ['path-colon', 'file.txt:stream'],
    ['path-colon', 'dir/a:b'],
    ['path-control-character', 'a\0.txt'],
    ['path-control-character', 'a\nb'],
    ['path-control-character', 'a\x7fb'],
    ['path-control-character', 'a\u0085b'],
    ['path-invisible-character', 'gpj\u202e.exe'],
    ['path-invisible-character', 'a\u200bb'],
    ['path-invisible-character', 'a\u200db'],
    ['path-invisible-character', '\ufeffa'],
    ['path-invisible-character', 'a\u00adb'],
    ['path-invisible-character', 'a\u2028b'],
    ['path-invisible-character', 'a\u2066b'],
    ['path-invisible-character', 'a\ufe0fb'],
    ['path-invisible-character', 'a\u{e0041}b'],
    ['path-trailing-dot-or-space', 'a.'],
    ['path-trailing-dot-or-space', 'a '],
    ['path-trailing-dot-or-space', 'dir./file'],
    ['path-trailing-dot-or-space', 'dir /file'],
    ['path-trailing-dot-or-space', '...'],
    ['path-reserved-name', 'CON'],
    ['path-reserved-name', 'nul.txt'],
    ['path-reserved-name', 'a/Aux.tar.gz'],
    ['path-reserved-name', 'prn/readme'],
    ['path-reserved-name', 'COM1'],
    ['path-reserved-name', 'lpt9.log'],
    ['path-reserved-name', 'com¹.txt'],
    ['path-reserved-name', 'CONIN$'],
    ['path-reserved-name', 'nul .txt'],
    ['path-not-nfc', 'u\u0308ber.txt'],
    ['path-not-nfc', 'Ångström'.replace('Å', '\u212b')],
    ['path-not-utf8', Buffer.from([0x61, 0xff, 0xfe])],
    ['path-not-utf8', Buffer.from([0xc0, 0xaf])],
    ['path-not-utf8', Buffer.from([0xed, 0xa0, 0x80])],
    ['path-not-utf8', Buffer.from([0xe2, 0x82])],
  ];

  it.each(refused)('is refused with %s: %j', async (code, path) => {
    const error = await refusalOf(withPath(path));
    expect([error.code, error.check]).toEqual([code, 'archive']);
    expect(error.detail).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  it('is refused when it is not ASCII and not marked as UTF-8', async () => {
    expect((await refusalOf(withPath('über.txt', 0))).code).toBe('path-not-utf8');
    expect((await refusalOf(withPath(Buffer.from([0x81, 0x62]), 0))).code).toBe('path-not-utf8');
  });

  it.each([
    'a',
    'a'.repeat(255),
    '.hidden',
    '..a',
    'a..b',
    'con-sole.txt',
    'console',
    'com10',
    'com',
    'aux2/x',
    'ünïcode/日本語.txt',
    'with space.txt',
    ' leading',
    "quote'and(brackets)[x]{y}!~+=@#$%^&,;",
    '😀.png',
    'sub/META-INF/x',
  ])('is accepted: %s', async (path) => {
    expect((await verifyBytes(withPath(path))).entries.some((entry) => entry.path === path)).toBe(true);
  });
});

describe('two paths', () => {
  const refused: [string, string[]][] = [
    ['duplicate-entry', ['a.txt', 'a.txt']],
    ['duplicate-entry', ['dir/', 'dir/']],
    ['duplicate-entry', ['dir/a', 'dir/', 'dir/']],
    ['duplicate-entry', ['manifest.json']],
    ['colliding-entry', ['a.txt', 'A.txt']],
    ['colliding-entry', ['Manifest.json']],
    ['colliding-entry', ['straße', 'STRASSE']],
    ['colliding-entry', ['Ü.txt', 'ü.txt']],
    ['colliding-entry', ['ς', 'σ']],
    ['colliding-entry', ['dir/a', 'DIR/b']],
    ['colliding-entry', ['dir/', 'Dir/x']],
    ['file-directory-clash', ['a', 'a/b']],
    ['file-directory-clash', ['a/b', 'a']],
    ['file-directory-clash', ['a/b/c/d', 'a/b']],
    ['file-directory-clash', ['a', 'a/']],
    ['file-directory-clash', ['a', 'A/b']],
  ];

  it.each(refused)('are refused with %s: %j', async (code, paths) => {
    expect((await refusalOf(withPaths(...paths))).code).toBe(code);
  });

  it('are accepted when one is the folder of the other, in either order', async () => {
    await expect(verifyBytes(withPaths('dir/', 'dir/a', 'dir/sub/b', 'dir/sub/'))).resolves.toBeDefined();
    await expect(verifyBytes(withPaths('dir/a', 'dir/'))).resolves.toBeDefined();
  });
});
