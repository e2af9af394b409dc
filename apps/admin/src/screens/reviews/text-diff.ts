import { structuredPatch } from 'diff';

/** One line of a comparison, with its number on the side or sides that have it. */
export interface DiffLine {
  kind: 'same' | 'added' | 'removed' | 'gap';
  text: string;
  before?: number;
  after?: number;
}

/** What a comparison may take before the two texts count as different altogether. */
const TIMEOUT_MS = 1_500;

/**
 * Compares two texts by lines, three lines around each change.
 *
 * @returns undefined when they differ so much that comparing takes too long
 */
export function diffLines(before: string, after: string): DiffLine[] | undefined {
  const patch = structuredPatch('', '', before, after, '', '', { context: 3, timeout: TIMEOUT_MS });
  if (patch === undefined) return undefined;
  const lines: DiffLine[] = [];
  for (const hunk of patch.hunks) {
    let { oldStart: old, newStart: now } = hunk;
    if (old > 1 || now > 1) lines.push({ kind: 'gap', text: '' });
    for (const line of hunk.lines) {
      const text = line.slice(1);
      if (line.startsWith('+')) lines.push({ kind: 'added', text, after: now++ });
      else if (line.startsWith('-')) lines.push({ kind: 'removed', text, before: old++ });
      else if (line.startsWith(' ')) lines.push({ kind: 'same', text, before: old++, after: now++ });
    }
  }
  return lines;
}

/** A text that is there on one side only, as lines; `same` when nothing is said about the other side. */
export function wholeText(text: string, kind: 'added' | 'removed' | 'same'): DiffLine[] {
  const lines = text.endsWith('\n') ? text.slice(0, -1).split('\n') : text.split('\n');
  return lines.map((line, index) => ({
    kind,
    text: line,
    ...(kind === 'removed' ? { before: index + 1 } : {}),
    ...(kind !== 'removed' ? { after: index + 1 } : {}),
  }));
}

/** Bytes as text, or undefined when they are none. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

/** Characters that hide, reorder or look like nothing: what a reader sees is not what runs. */
const HIDDEN =
  /[\u0001-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** Cuts a line where such a character stands; every second part is one, by its number: `U+202E`. */
export function splitHidden(line: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (const match of line.replace(/\r$/, '').matchAll(HIDDEN)) {
    const code = (match[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    parts.push(line.slice(from, match.index), `U+${code}`);
    from = match.index + match[0].length;
  }
  parts.push(line.slice(from).replace(/\r$/, ''));
  return parts;
}
