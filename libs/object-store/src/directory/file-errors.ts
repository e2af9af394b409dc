import { isNativeError } from 'node:util/types';
import { ObjectStoreError } from '../errors.js';

const DENIED = new Set(['EACCES', 'EPERM', 'EROFS']);
const PASSING = new Set(['EAGAIN', 'EBUSY', 'EDQUOT', 'EIO', 'EMFILE', 'ENFILE', 'ENOSPC', 'ESTALE', 'ETIMEDOUT']);

/** The `code` of a failed system call. */
export function fileErrorCode(error: unknown): string | undefined {
  return isNativeError(error) && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** True for the answers a path gives when nothing is there: also when a parent is missing or is a file. */
export function isMissing(error: unknown): boolean {
  const code = fileErrorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Turns a failed system call into this library's error, with what an operator can do about it. */
export function toObjectStoreError(error: unknown, root: string): unknown {
  const code = fileErrorCode(error);
  if (error instanceof ObjectStoreError || code === undefined) return error;
  if (DENIED.has(code)) {
    return new ObjectStoreError(
      'object-store-denied',
      `The object directory ${root} refused access (${code}); the server's user must own it and it must be writable.`,
      { cause: error },
    );
  }
  return new ObjectStoreError('object-store-unavailable', `The object directory ${root} failed: ${advice(code)}.`, {
    retryable: PASSING.has(code),
    cause: error,
  });
}

function advice(code: string): string {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return `no space left (${code}); free some or raise the quota`;
    case 'ENOTDIR':
    case 'EEXIST':
      return `a file stands where a folder must be (${code}); name another path or move it away`;
    case 'EXDEV':
      return 'a folder in it lies on another device (EXDEV); the whole directory must be one file system';
    case 'EIO':
      return 'the disk reported an error (EIO); check it before anything else';
    default:
      return code;
  }
}
