import { PackageError, quotePath } from '../package-error.js';
import type { PackageErrorCode } from '../error-codes.js';

/** Device names of Windows; superscript digits count as digits there. An extension does not make them ordinary files. */
const RESERVED_STEM = /^(?:con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9¹²³])$/i;
const CONTROL = /\p{Cc}/u;
/** Bidirectional controls, zero-width and other characters that are not seen: two paths could look the same. */
const INVISIBLE = /[\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Decodes a raw name: ASCII always, anything else only with the UTF-8 flag and when valid. */
export function decodePath(bytes: Buffer, isUtf8: boolean): string {
  const isAscii = bytes.every((byte) => byte < 0x80);
  if (!isAscii && !isUtf8) {
    throw new PackageError(
      'path-not-utf8',
      `The name ${bytes.toString('hex')} is not ASCII and not marked as UTF-8, so readers would guess its encoding.`,
    );
  }
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new PackageError('path-not-utf8', `The name ${bytes.toString('hex')} is not valid UTF-8.`, { cause });
  }
}

/** Throws unless the path is in the one canonical form: relative, POSIX, NFC, and creatable on every file system. */
export function checkPath(path: string): void {
  const violation = findViolation(path);
  if (violation === undefined) return;
  const [code, why] = violation;
  throw new PackageError(code, `The path ${quotePath(path)} ${why}.`, { path });
}

function findViolation(path: string): [PackageErrorCode, string] | undefined {
  if (path === '') return ['path-empty', 'is empty'];
  if (CONTROL.test(path)) return ['path-control-character', 'contains a control character'];
  if (INVISIBLE.test(path))
    return ['path-invisible-character', 'contains an invisible or direction-changing character'];
  if (path.normalize('NFC') !== path) return ['path-not-nfc', 'is not in Unicode normalisation form C'];
  if (path.includes('\\')) return ['path-backslash', 'contains a backslash'];
  if (path.startsWith('/')) return ['path-absolute', 'is absolute'];
  if (/^[a-z]:/i.test(path)) return ['path-drive-letter', 'begins with a drive letter'];
  if (path.includes(':')) return ['path-colon', 'contains a colon'];
  const segments = (path.endsWith('/') ? path.slice(0, -1) : path).split('/');
  for (const segment of segments) {
    if (segment === '..') return ['path-traversal', 'climbs to a parent folder'];
    if (segment === '.') return ['path-dot-segment', 'contains a "." segment'];
    if (segment === '') return ['path-empty-segment', 'contains an empty segment'];
    if (/[. ]$/.test(segment)) return ['path-trailing-dot-or-space', 'has a segment that ends with a dot or a space'];
    if (RESERVED_STEM.test((segment.split('.', 1)[0] ?? '').trimEnd())) {
      return ['path-reserved-name', 'uses a device name that Windows reserves'];
    }
  }
  return undefined;
}

/** A key under which paths collide that some file system would take for the same: case and normalisation folded. */
export function foldPath(path: string): string {
  return path.normalize('NFD').toLowerCase().toUpperCase().toLowerCase().normalize('NFC');
}
