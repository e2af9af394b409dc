import { ObjectStoreError } from './errors.js';

/** S3 allows 1,024 bytes; half of that leaves room for a bucket's prefix. */
export const MAX_KEY_BYTES = 512;

/** File systems allow 255 bytes per name; the rest is room for the suffixes that stores and backup tools add. */
export const MAX_SEGMENT_BYTES = 200;

const SEGMENT = /^[A-Za-z0-9_][A-Za-z0-9._=-]*$/;
const SHA256_HEX = /^[0-9a-f]{64}$/;
const DIGEST_NAME = /(?:^|\/)([0-9a-f]{64})(?:\.[A-Za-z0-9]+)?$/;

/**
 * Throws `object-key-invalid` unless the key is a relative POSIX path of ASCII segments: letters, digits and `._=-`, each
 * starting with a letter, digit or underscore. That leaves out `..`, hidden names, empty segments, backslashes, and
 * every character that a file system, a URL or XML would read in its own way.
 */
export function assertObjectKey(key: string): void {
  const problem = typeof key === 'string' ? findKeyProblem(key) : 'it is not a string';
  if (problem !== undefined) throw invalidKey(key, problem);
}

/** Whether a text is a valid key. */
export function isObjectKey(text: string): boolean {
  return findKeyProblem(text) === undefined;
}

/** Throws `object-key-invalid` unless some valid key could start with this text; the empty prefix is every key. */
export function assertObjectPrefix(prefix: string): void {
  if (prefix === '') return;
  const folderOrName = typeof prefix === 'string' && prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
  assertObjectKey(folderOrName);
}

/** The SHA-256 a key names as its content, if it names one. */
export function findNamedDigest(key: string): string | undefined {
  return DIGEST_NAME.exec(key)?.[1];
}

/** Throws `object-digest-mismatch` when a key names a digest other than the one of the bytes meant for it. */
export function assertDigestFitsKey(key: string, sha256: string): void {
  assertSha256(sha256);
  const named = findNamedDigest(key);
  if (named !== undefined && named !== sha256) {
    throw new ObjectStoreError('object-digest-mismatch', `Bytes with SHA-256 ${sha256} cannot be stored as "${key}".`);
  }
}

/** Key of a signed package, by its content. */
export function packageKey(sha256: string): string {
  return contentKey('packages', sha256, '.mosis');
}

/** Key of an app's icon, by its content. */
export function iconKey(sha256: string): string {
  return contentKey('icons', sha256, '.png');
}

function contentKey(folder: string, sha256: string, extension: string): string {
  assertSha256(sha256);
  // Two hex digits of fan-out keep a folder of half a million packages below 2,000 names on file systems that care.
  return `${folder}/sha256/${sha256.slice(0, 2)}/${sha256}${extension}`;
}

function assertSha256(sha256: string): void {
  if (!SHA256_HEX.test(sha256)) {
    throw new ObjectStoreError('object-key-invalid', 'A SHA-256 is written as 64 lower-case hex digits here.');
  }
}

function findKeyProblem(key: string): string | undefined {
  if (key === '') return 'it is empty';
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return `it is longer than ${MAX_KEY_BYTES} bytes`;
  for (const segment of key.split('/')) {
    if (segment === '') return 'it has an empty segment';
    if (segment.length > MAX_SEGMENT_BYTES) return `a segment is longer than ${MAX_SEGMENT_BYTES} bytes`;
    if (!SEGMENT.test(segment)) return `the segment ${JSON.stringify(segment)} has a character or a start not allowed`;
  }
  return undefined;
}

function invalidKey(key: unknown, problem: string): ObjectStoreError {
  const shown = JSON.stringify(typeof key === 'string' ? key.slice(0, 100) : typeof key);
  return new ObjectStoreError('object-key-invalid', `The object key ${shown} is not valid: ${problem}.`);
}
