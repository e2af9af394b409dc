export { compareStores, type CatchUpReport } from './catch-up.js';
export {
  ObjectMirror,
  type MirrorLog,
  type MirrorOptions,
  type MirrorStatus,
  type MirrorTuning,
} from './object-mirror.js';
export { ObservedObjectStore, type ObjectStoreObserver } from './observed-object-store.js';
export { assertSeparateLocations, BackupLocationError } from './separate-locations.js';
