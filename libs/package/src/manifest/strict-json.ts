import { foldPath } from '../archive/entry-path.js';
import { PackageError } from '../package-error.js';

const MAX_DEPTH = 32;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WHITESPACE = /[ \t\n\r]*/y;
/** A run without quotes, escapes and control characters. */
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPES: Record<string, string> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/**
 * Parses JSON (RFC 8259) and refuses what parsers are known to disagree on and JSON.parse hides: a repeated key at any
 * depth (also when only its case differs, since some readers ignore case), a lone surrogate, a byte order mark, an
 * integer written as a fraction or beyond 2^53, and nesting deeper than 32.
 */
export function parseStrictJson(bytes: Buffer): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new PackageError('manifest-not-utf8', 'manifest.json is not UTF-8.', { cause });
  }
  if (text.startsWith('\ufeff')) {
    throw new PackageError('manifest-bom', 'manifest.json begins with a byte order mark; save it without one.');
  }
  return new Scanner(text).parseDocument();
}

class Scanner {
  private offset = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  parseDocument(): unknown {
    const value = this.parseValue('', 0);
    if (this.offset !== this.text.length) throw this.syntaxError('nothing more');
    return value;
  }

  private parseValue(pointer: string, depth: number): unknown {
    if (depth > MAX_DEPTH) {
      throw new PackageError('manifest-too-deep', `manifest.json nests deeper than ${MAX_DEPTH} levels.`, {
        evidence: [{ pointer }],
      });
    }
    this.match(WHITESPACE);
    const value = this.parseBareValue(pointer, depth);
    this.match(WHITESPACE);
    return value;
  }

  private parseBareValue(pointer: string, depth: number): unknown {
    switch (this.text[this.offset]) {
      case '{':
        return this.parseObject(pointer, depth);
      case '[':
        return this.parseArray(pointer, depth);
      case '"':
        return this.parseString(pointer);
      case 't':
        return this.take('true', true);
      case 'f':
        return this.take('false', false);
      case 'n':
        return this.take('null', null);
      default:
        return this.parseNumber(pointer);
    }
  }

  private parseObject(pointer: string, depth: number): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    const seen = new Set<string>();
    this.offset += 1;
    this.match(WHITESPACE);
    while (this.text[this.offset] !== '}') {
      if (entries.length > 0) this.take(',', undefined);
      this.match(WHITESPACE);
      if (this.text[this.offset] !== '"') throw this.syntaxError('a key');
      const key = this.parseString(pointer);
      const below = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      const folded = foldPath(key);
      if (seen.has(folded)) {
        throw new PackageError('manifest-duplicate-key', `manifest.json gives ${below} twice.`, {
          evidence: [{ pointer: below }],
        });
      }
      seen.add(folded);
      this.match(WHITESPACE);
      this.take(':', undefined);
      entries.push([key, this.parseValue(below, depth + 1)]);
    }
    this.offset += 1;
    // fromEntries defines own properties, so that a key like "__proto__" stays data.
    return Object.fromEntries(entries);
  }

  private parseArray(pointer: string, depth: number): unknown[] {
    const items: unknown[] = [];
    this.offset += 1;
    this.match(WHITESPACE);
    while (this.text[this.offset] !== ']') {
      if (items.length > 0) this.take(',', undefined);
      items.push(this.parseValue(`${pointer}/${items.length}`, depth + 1));
    }
    this.offset += 1;
    return items;
  }

  private parseString(pointer: string): string {
    this.offset += 1;
    let value = '';
    for (;;) {
      value += this.match(PLAIN);
      const next = this.text[this.offset];
      if (next === '"') break;
      if (next !== '\\') throw this.syntaxError('a closed string without control characters');
      value += this.parseEscape();
    }
    this.offset += 1;
    if (!value.isWellFormed()) {
      throw new PackageError('manifest-lone-surrogate', 'A string of manifest.json holds half of a surrogate pair.', {
        evidence: [{ pointer }],
      });
    }
    return value;
  }

  private parseEscape(): string {
    const kind = this.text[this.offset + 1] ?? '';
    const simple = Object.hasOwn(ESCAPES, kind) ? ESCAPES[kind] : undefined;
    if (simple !== undefined) {
      this.offset += 2;
      return simple;
    }
    const hex = this.text.slice(this.offset + 2, this.offset + 6);
    if (kind !== 'u' || !/^[0-9a-fA-F]{4}$/.test(hex)) throw this.syntaxError('an escape that JSON knows');
    this.offset += 6;
    return String.fromCharCode(parseInt(hex, 16));
  }

  private parseNumber(pointer: string): number {
    const literal = this.match(NUMBER);
    if (literal === '') throw this.syntaxError('a value');
    const value = Number(literal);
    const isPlainInteger = /^(?:0|-?[1-9][0-9]*)$/.test(literal) && Number.isSafeInteger(value);
    // "1.0", "1e3" and 2^53 + 1 are integers to one reader, refused or rounded by another.
    if (!isPlainInteger && (Number.isInteger(value) || !Number.isFinite(value))) {
      throw new PackageError('manifest-number', `The number at ${pointer || '/'} is not read alike everywhere.`, {
        evidence: [{ pointer, excerpt: literal.slice(0, 40) }],
      });
    }
    return value;
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.offset;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.offset += found.length;
    return found;
  }

  private take<T>(literal: string, value: T): T {
    if (!this.text.startsWith(literal, this.offset)) throw this.syntaxError(`"${literal}"`);
    this.offset += literal.length;
    return value;
  }

  private syntaxError(expected: string): PackageError {
    const line = this.text.slice(0, this.offset).split('\n').length;
    return new PackageError('manifest-syntax', `manifest.json is not JSON: line ${line} needs ${expected}.`, {
      path: 'manifest.json',
      evidence: [{ path: 'manifest.json', line }],
    });
  }
}
