import { parseObjectStoreUrl, type ObjectStoreLocation, type S3Settings } from '@mosis/object-store';

/** The databases that are backed up. */
export const DATABASES = ['core', 'telemetry'] as const;
export type DatabaseName = (typeof DATABASES)[number];

/** Where backups go. Below it: a replica for each database (`core.db/`, `telemetry.db/`) and the copies of objects. */
export interface BackupLocation {
  /** `file:///absolute/path` or `s3://bucket/prefix`. */
  url: string;
  /** How to reach an `s3:` location; credentials of its own, not those of the objects. */
  s3?: S3Settings;
}

/** The file name of a database, and of its replica's folder. */
export function databaseFileName(database: DatabaseName): string {
  return `${database}.db`;
}

/**
 * Where the replica of a database lies.
 *
 * @throws ObjectStoreError when the URL is not one
 */
export function locateReplica(location: BackupLocation, database: DatabaseName): ObjectStoreLocation {
  const parsed = parseObjectStoreUrl(location.url);
  const name = databaseFileName(database);
  if (parsed.kind === 'directory') return { ...parsed, path: `${parsed.path}/${name}` };
  return { ...parsed, prefix: parsed.prefix === '' ? name : `${parsed.prefix}/${name}` };
}
