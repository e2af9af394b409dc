import { dropDirectories, normaliseText, replaceHashes } from './fingerprint-text.js';

const MAX_LINES = 200;
const MAX_LINE_CHARS = 1000;
const MAX_FRAME_CHARS = 200;

/** Lines that are the same under every error, whatever went wrong: the language's own way to raise it. */
const NOISE =
  /^(?:\.\.\.\s*)?\(\.\.\.\s?tail calls?\.\.\.\)$|^\[C\]: in (?:\?|(?:global )?function '(?:error|assert)')$/;

/** Each reads one line of one kind of stack; the first that knows the line wins. */
const READERS: readonly ((line: string) => string | undefined)[] = [
  readNative,
  readTombstone,
  readApple,
  readV8,
  readGecko,
  readLua,
];

/**
 * The first frames of a stack trace, as `function in file`: without addresses, line numbers, arguments and directories.
 * Knows Lua tracebacks, JavaScript stacks (V8, QuickJS, Gecko, WebKit), `at` lines of the JVM, and native ones (gdb,
 * sanitizers, Android, Apple). Of a stack in which no line is known, the lines themselves are the frames.
 */
export function readFrames(stack: string, maxFrames: number): string[] {
  const lines = linesOf(stack);
  const frames: string[] = [];
  for (const line of lines) {
    const frame = frameOf(line);
    if (frame === undefined) continue;
    frames.push(frame);
    if (frames.length === maxFrames) return frames;
  }
  if (frames.length > 0) return frames;
  return lines
    .map((line) => cut(normaliseText(line)))
    .filter((line) => line !== '' && line !== 'stack traceback:')
    .slice(0, maxFrames);
}

/** Where in a text its stack trace begins, for messages that carry one; -1 when there is none. */
export function findStack(text: string): number {
  const heading = text.indexOf('stack traceback:');
  if (heading >= 0) return heading;
  let start = text.indexOf('\n');
  for (let lines = 0; start >= 0 && lines < MAX_LINES; lines++) {
    const end = text.indexOf('\n', start + 1);
    const line = text.slice(start + 1, end < 0 ? undefined : end).trim();
    if (line.length <= MAX_LINE_CHARS && (readNative(line) ?? readV8(line)) !== undefined) return start;
    start = end;
  }
  return -1;
}

function linesOf(stack: string): string[] {
  return stack
    .split(/\r\n|\r|\n/, MAX_LINES)
    .map((line) => line.slice(0, MAX_LINE_CHARS).trim())
    .filter((line) => line !== '');
}

function frameOf(line: string): string | undefined {
  if (NOISE.test(line)) return undefined;
  for (const read of READERS) {
    const frame = read(line);
    if (frame !== undefined) return cut(frame);
  }
  return undefined;
}

function cut(frame: string): string {
  return frame.slice(0, MAX_FRAME_CHARS).toWellFormed();
}

/** `#0  0x0000 in f (args) at dir/file.c:12` of gdb and the sanitizers; `#1 f(int) file.c:3:4`. */
function readNative(line: string): string | undefined {
  const match = /^#\d+\s+(?:0x[0-9a-f]+\s+(?:in\s+)?)?(\S.*)$/i.exec(line);
  if (!match?.[1] || /^pc\s/.test(match[1])) return undefined;
  const rest = match[1];
  const module = /\(([^()\s]+)\+0x[0-9a-f]+\)/i.exec(rest)?.[1];
  const place = / (?:at |from )?(\S*[\w?]\.\w+(?::\d+){0,2}|\/\S+)$/.exec(rest);
  const named = place ? rest.slice(0, place.index) : rest;
  const symbol = module && rest.startsWith('(') ? '??' : named;
  return join(symbolName(symbol), module ?? place?.[1]);
}

/** `#00 pc 0000abcd  /system/lib64/libc.so (abort+16)` of Android. */
function readTombstone(line: string): string | undefined {
  const match = /^#\d+\s+pc\s+(?:0x)?[0-9a-f]+\s+(\S+)(?:\s+\((.+)\))?/i.exec(line);
  if (!match?.[1]) return undefined;
  const symbol = match[2]?.startsWith('BuildId') ? undefined : match[2]?.replace(/\) \(BuildId.*$/, '');
  return join(symbolName(symbol ?? '??'), match[1].replace(/^.*!/, ''));
}

/** `3   libsystem_c.dylib   0x00007fff5 abort + 120` of Apple. */
function readApple(line: string): string | undefined {
  const match = /^\d+\s+(\S+)\s+0x[0-9a-f]+\s+(\S.*)$/i.exec(line);
  if (!match?.[1] || !match[2]) return undefined;
  return join(symbolName(match[2]), match[1]);
}

/** `at f (file.js:1:2)`, `at async f (…)`, `at file.js:1:2`; the JVM's `at com.example.A.b(A.java:3)` reads the same. */
function readV8(line: string): string | undefined {
  if (!line.startsWith('at ')) return undefined;
  const rest = line.slice(3).replace(/^async /, '');
  const open = rest.startsWith('(') ? 0 : firstOpening(rest);
  if (open < 0) return /\s/.test(rest) ? undefined : join('<anonymous>', rest);
  const name = rest
    .slice(0, open)
    .replace(/ \[as [^\]]*\]/, '')
    .trim();
  return join(name === '' ? '<anonymous>' : name, rest.slice(open + 1).replace(/\)?$/, ''));
}

/** The parenthesis that opens the place: the last one that another does not enclose, so the first behind the name. */
function firstOpening(rest: string): number {
  const spaced = rest.indexOf(' (');
  return spaced >= 0 ? spaced + 1 : rest.indexOf('(');
}

/** `f@https://host/file.js:1:2` of Gecko and WebKit. */
function readGecko(line: string): string | undefined {
  const match = /^([^@\s]*)@(\S+:\d+(?::\d+)?)$/.exec(line);
  return match?.[2] ? join(match[1] || '<anonymous>', match[2]) : undefined;
}

/** `dir/file.lua:12: in function 'name'`, `[C]: in function 'name'`, `[string "chunk"]:1: in main chunk`. */
function readLua(line: string): string | undefined {
  const match = /^(.+?):(?:\d+:)? in (.+)$/.exec(line);
  if (!match?.[1] || !match[2]) return undefined;
  const file = match[1].replace(/^\[string "(.*)"\]$/, '$1');
  const named = /['‘`"]([^'’`"]+)['’`"]/.exec(match[2])?.[1];
  // `in function <file:12>`: all that is known of it is the place, which the file says.
  const name = named ?? (match[2].includes('<') ? '<anonymous>' : match[2]);
  return join(name, file);
}

/** A native symbol without arguments, offset and the hash that Rust appends. */
function symbolName(symbol: string): string {
  const flat = symbol
    .replaceAll('(anonymous namespace)', '<anonymous>')
    .replace(/\s*\+\s*(?:0x[0-9a-f]+|\d+)\b.*$/i, '')
    .replace(/::h[0-9a-f]{16}\b/, '');
  // The parentheses of `operator()` are its name.
  const call = flat.indexOf('operator()');
  const open = flat.indexOf('(', call < 0 ? 1 : call + 'operator()'.length);
  return (open > 0 ? flat.slice(0, open) : flat).trim();
}

function join(name: string, place: string | undefined): string {
  const shownName = replaceHashes(name.replace(/\b0x[0-9a-f]+\b/gi, '<addr>')).trim();
  const file = place === undefined ? '' : fileName(place);
  return file === '' ? shownName : `${shownName} in ${file}`;
}

/** The last part of a path or URL, without query, line and column; the hash in the name of a bundle is replaced. */
function fileName(place: string): string {
  const bare = place.replace(/[?#].*$/, '').replace(/(?::\d+){1,2}\)*$|:0x[0-9a-f]+\)*$/i, '');
  return replaceHashes(dropDirectories(bare.trim()));
}
