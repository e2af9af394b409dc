import { decodeText, diffLines, splitHidden, wholeText } from './text-diff';

describe('comparing texts', () => {
  it('numbers each line on the side that has it', () => {
    expect(diffLines('a\nb\nc\n', 'a\nx\nc\n')).toEqual([
      { kind: 'same', text: 'a', before: 1, after: 1 },
      { kind: 'removed', text: 'b', before: 2 },
      { kind: 'added', text: 'x', after: 2 },
      { kind: 'same', text: 'c', before: 3, after: 3 },
    ]);
  });

  it('leaves out what is far from a change, and says so', () => {
    const before = Array.from({ length: 40 }, (_, index) => `line ${index}`).join('\n');
    const lines = diffLines(before, before.replace('line 30', 'line thirty')) ?? [];
    expect(lines[0]).toEqual({ kind: 'gap', text: '' });
    expect(lines.filter(({ kind }) => kind === 'same')).toHaveLength(6);
    expect(lines.find(({ kind }) => kind === 'added')).toEqual({ kind: 'added', text: 'line thirty', after: 31 });
  });

  it('finds nothing between equal texts', () => expect(diffLines('a\n', 'a\n')).toEqual([]));

  it('shows a text that is new as a whole', () => {
    expect(wholeText('a\nb\n', 'added')).toEqual([
      { kind: 'added', text: 'a', after: 1 },
      { kind: 'added', text: 'b', after: 2 },
    ]);
  });

  it('tells text from other bytes', () => {
    expect(decodeText(new TextEncoder().encode('grün'))).toBe('grün');
    expect(decodeText(new Uint8Array([0x89, 0x50, 0x4e, 0x47]))).toBeUndefined();
    expect(decodeText(new Uint8Array([0x61, 0x00]))).toBeUndefined();
  });

  it('shows characters that hide or reorder what is written', () => {
    expect(splitHidden('if admin\u202e // \u2066')).toEqual(['if admin', 'U+202E', ' // ', 'U+2066', '']);
    expect(splitHidden('plain\ttext\r')).toEqual(['plain\ttext']);
    expect(splitHidden('a\u{e0041}b')).toEqual(['a', 'U+E0041', 'b']);
  });
});
