export { createObjectStore, type ObjectStoreSettings } from './create-object-store.js';
export { ObjectNotFoundError, ObjectStoreError, type ObjectStoreErrorCode } from './errors.js';
export { findMissing } from './find-missing.js';
export { ForwardingObjectStore } from './forwarding-object-store.js';
export { assertObjectKey, assertObjectPrefix, findNamedDigest, iconKey, MAX_KEY_BYTES, packageKey } from './keys.js';
export type {
  ByteRange,
  ObjectInfo,
  ObjectStore,
  OpenedObject,
  PutBytesOptions,
  PutFileOptions,
  PutFileResult,
} from './object-store.js';
export type { S3Settings } from './s3/s3-settings.js';
export { parseObjectStoreUrl, type ObjectStoreLocation } from './url.js';
