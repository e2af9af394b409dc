import { realpathSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { parseObjectStoreUrl, type ObjectStoreLocation } from '@mosis/object-store';
import type { BackupLocation } from '../location.js';

/** Backups that would lie among what they are copies of. */
export class BackupLocationError extends Error {
  constructor(problem: string) {
    super(`BACKUP_URL cannot be used: ${problem}. Give it a place of its own, best on another volume.`);
    this.name = 'BackupLocationError';
  }
}

export interface LocationsInUse {
  dataDir: string;
  objects: { url: string; endpoint?: string };
  backup: BackupLocation;
}

/**
 * Makes sure that backups and what they are copies of do not lie in each other: a mirror inside the object store would be
 * copied into itself, and a replica inside the data directory's own folder would take the name of its database.
 *
 * @throws BackupLocationError, ObjectStoreError when a URL is not one
 */
export function assertSeparateLocations({ dataDir, objects, backup }: LocationsInUse): void {
  const [store, copies] = [parseObjectStoreUrl(objects.url), parseObjectStoreUrl(backup.url)];
  if (overlap(store, copies, (objects.endpoint ?? '') === (backup.s3?.endpoint ?? '')))
    throw new BackupLocationError(`it overlaps with the object store (${objects.url})`);
  if (copies.kind === 'directory' && isSameOrInside(realPath(dataDir), realPath(copies.path)))
    throw new BackupLocationError('the data directory lies in it');
}

function overlap(one: ObjectStoreLocation, other: ObjectStoreLocation, sameEndpoint: boolean): boolean {
  if (one.kind === 'directory' && other.kind === 'directory') {
    const [a, b] = [realPath(one.path), realPath(other.path)];
    return isSameOrInside(a, b) || isSameOrInside(b, a);
  }
  if (one.kind === 's3' && other.kind === 's3') {
    if (one.bucket !== other.bucket || !sameEndpoint) return false;
    const [a, b] = [`${one.prefix}/`, `${other.prefix}/`].map((prefix) => (prefix === '/' ? '' : prefix));
    return a!.startsWith(b!) || b!.startsWith(a!);
  }
  return false;
}

function isSameOrInside(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(outer.endsWith(sep) ? outer : outer + sep);
}

/** The path without links, as far as it exists. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}
