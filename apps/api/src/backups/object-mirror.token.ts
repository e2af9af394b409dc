/** Injection token of the mirror of objects, or of `null` where nothing is backed up by design. */
export const OBJECT_MIRROR = Symbol('object-mirror');
