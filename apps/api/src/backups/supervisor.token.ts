/** Injection token of the supervisor of Litestream, or of `null` where nothing is backed up by design. */
export const SUPERVISOR = Symbol('supervisor');
