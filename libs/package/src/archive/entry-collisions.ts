import { PackageError, quotePath } from '../package-error.js';
import { foldPath } from './entry-path.js';
import type { ArchiveEntry } from './records.js';

interface Claim {
  path: string;
  isDirectory: boolean;
  /** Has a record of its own, rather than being implied by a path below it. */
  isEntry: boolean;
}

/** Throws when two entries would meet in one place on some file system, or a file stands where a folder must be. */
export function checkCollisions(entries: readonly ArchiveEntry[]): void {
  const claims = new Map<string, Claim>();
  for (const entry of entries) {
    const path = entry.isDirectory ? entry.path.slice(0, -1) : entry.path;
    claim(claims, { path, isDirectory: entry.isDirectory, isEntry: true });
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      claim(claims, { path: path.slice(0, slash), isDirectory: true, isEntry: false });
    }
  }
}

function claim(claims: Map<string, Claim>, next: Claim): void {
  const key = foldPath(next.path);
  const known = claims.get(key);
  if (known === undefined) {
    claims.set(key, next);
    return;
  }
  const facts = { path: next.path };
  if (known.isEntry && next.isEntry && known.path === next.path && known.isDirectory === next.isDirectory) {
    throw new PackageError('duplicate-entry', `${quotePath(next.path)} occurs twice.`, facts);
  }
  if (known.isDirectory !== next.isDirectory) {
    throw new PackageError('file-directory-clash', `${quotePath(next.path)} is a file and a folder.`, facts);
  }
  if (known.path !== next.path) {
    throw new PackageError(
      'colliding-entry',
      `${quotePath(known.path)} and ${quotePath(next.path)} are one place where case or normalisation does not count.`,
      facts,
    );
  }
  known.isEntry ||= next.isEntry;
}
