/** Metadata key of {@link IdempotentOptions}. */
export const IDEMPOTENT = Symbol('idempotent');

/** How a creating route remembers its first answer. */
export interface IdempotentOptions {
  /** Members of the answer that are shown once and answered as null when the request is repeated. */
  secretFields?: string[];
}
