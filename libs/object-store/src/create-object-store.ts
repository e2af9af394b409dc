import { DirectoryObjectStore } from './directory/directory-object-store.js';
import { ObjectStoreError } from './errors.js';
import type { ObjectStore } from './object-store.js';
import { parseObjectStoreUrl } from './url.js';

export interface S3Settings {
  endpoint?: string;
  region?: string;
  accessKeyId?: string;
  secretAccessKey?: string;
  forcePathStyle?: boolean;
}

export interface ObjectStoreSettings {
  url: string;
  s3?: S3Settings;
}

/** Opens nothing yet. */
export function createObjectStore(settings: ObjectStoreSettings): ObjectStore {
  const location = parseObjectStoreUrl(settings.url);
  if (location.kind === 'directory') return new DirectoryObjectStore(location.path);
  throw new ObjectStoreError('object-store-settings-invalid', 'The S3 adapter is not there yet.');
}
