import { isAbsolute, parse, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ObjectStoreError } from './errors.js';
import { assertObjectKey } from './keys.js';

/** Where an object store's URL points. */
export type ObjectStoreLocation =
  { kind: 'directory'; path: string } | { kind: 's3'; bucket: string; prefix: string /* no slash at either end */ };

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const MAX_PREFIX_BYTES = 256;

/** Reads `file:///absolute/path` or `s3://bucket/prefix`; anything else throws an error fit to show to an operator. */
export function parseObjectStoreUrl(url: string): ObjectStoreLocation {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  // Checked before any message quotes the URL: a password in it must not end up in a log.
  if (/^[^/]*:\/*[^/]*@/.test(url) || (parsed !== undefined && (parsed.username !== '' || parsed.password !== ''))) {
    throw invalid('an object store URL must not hold credentials; give them as settings of their own');
  }
  if (parsed?.protocol === 'file:') return parseFileUrl(url, parsed);
  if (parsed?.protocol === 's3:') return parseS3Url(url, parsed);
  throw invalid(`${quote(url)} is not an object store URL; write file:///absolute/path or s3://bucket/prefix`);
}

function parseFileUrl(url: string, parsed: URL): ObjectStoreLocation {
  if (!/^file:\/\/\//i.test(url) || parsed.hostname !== '') {
    throw invalid(`${quote(url)} must name an absolute path with three slashes, as in file:///data/objects`);
  }
  refuseQuery(url, parsed);
  let path: string;
  try {
    path = resolve(fileURLToPath(parsed));
  } catch (error) {
    throw invalid(`${quote(url)} does not name a path on this system`, error);
  }
  if (!isAbsolute(path) || path.includes('\0')) throw invalid(`${quote(url)} does not name a path on this system`);
  if (path === parse(path).root) throw invalid(`${quote(url)} is the root of the file system; name a folder in it`);
  return { kind: 'directory', path };
}

function parseS3Url(url: string, parsed: URL): ObjectStoreLocation {
  refuseQuery(url, parsed);
  if (parsed.port !== '') throw invalid(`${quote(url)} has a port; name the server in the S3 endpoint setting instead`);
  const bucket = parsed.hostname;
  if (!/^s3:\/\//i.test(url) || !BUCKET.test(bucket) || bucket.includes('..')) {
    throw invalid(`${quote(url)} must name a bucket (3 to 63 lower-case letters, digits, dots and hyphens)`);
  }
  const prefix = parsed.pathname.replace(/^\//, '').replace(/\/$/, '');
  if (prefix !== '') {
    try {
      assertObjectKey(prefix);
    } catch (error) {
      throw invalid(`the prefix in ${quote(url)} may only hold letters, digits and ._=- between single slashes`, error);
    }
    if (prefix.length > MAX_PREFIX_BYTES) throw invalid(`the prefix in ${quote(url)} is longer than 256 bytes`);
  }
  return { kind: 's3', bucket, prefix };
}

function refuseQuery(url: string, parsed: URL): void {
  if (parsed.search !== '' || parsed.hash !== '') throw invalid(`${quote(url)} must not have a "?" or "#" part`);
}

function quote(url: string): string {
  return JSON.stringify(url.slice(0, 200));
}

function invalid(problem: string, cause?: unknown): ObjectStoreError {
  return new ObjectStoreError('object-store-settings-invalid', `Object store: ${problem}.`, { cause });
}
