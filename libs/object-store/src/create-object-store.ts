import { DirectoryObjectStore } from './directory/directory-object-store.js';
import type { ObjectStore } from './object-store.js';
import { S3ObjectStore } from './s3/s3-object-store.js';
import type { S3Settings } from './s3/s3-settings.js';
import { parseObjectStoreUrl } from './url.js';

export interface ObjectStoreSettings {
  /** `file:///absolute/path` or `s3://bucket/prefix`. */
  url: string;
  /** Used with an `s3:` URL only. */
  s3?: S3Settings;
}

/** The store behind a URL. It opens nothing yet: `check` says whether it works. Throws for settings that cannot. */
export function createObjectStore(settings: ObjectStoreSettings): ObjectStore {
  const location = parseObjectStoreUrl(settings.url);
  if (location.kind === 'directory') return new DirectoryObjectStore(location.path);
  return new S3ObjectStore({ bucket: location.bucket, prefix: location.prefix, settings: settings.s3 ?? {} });
}
