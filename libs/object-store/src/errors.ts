/** What went wrong, as a stable word that callers switch on. */
export type ObjectStoreErrorCode =
  | 'object-not-found'
  | 'object-store-unavailable'
  | 'object-store-denied'
  | 'object-key-invalid'
  | 'object-digest-mismatch'
  | 'object-exists'
  | 'object-range-invalid'
  | 'object-too-large'
  | 'object-store-settings-invalid';

/** The one error type of this library; `retryable` says whether the same call may succeed later without anybody acting. */
export class ObjectStoreError extends Error {
  override readonly name: string = 'ObjectStoreError';
  readonly code: ObjectStoreErrorCode;
  readonly retryable: boolean;

  constructor(code: ObjectStoreErrorCode, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** Thrown by every read of a key that holds no object. */
export class ObjectNotFoundError extends ObjectStoreError {
  override readonly name = 'ObjectNotFoundError';
  readonly key: string;

  constructor(key: string, options: { cause?: unknown } = {}) {
    super('object-not-found', `There is no object "${key}".`, options);
    this.key = key;
  }
}
