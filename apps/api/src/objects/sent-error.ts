import { ObjectStoreError, type ObjectStoreErrorCode } from '@mosis/object-store';

/** An error on its way between threads: a structured clone of one has neither its class nor its code. */
export interface SentError {
  message: string;
  stack: string | undefined;
  /** What else it says, such as the code, the call and the path of a file system's error. */
  facts: Record<string, string | number | undefined>;
  /** Present on errors of an object store. */
  store?: { code: ObjectStoreErrorCode; retryable: boolean };
  cause?: SentError;
}

/** Takes an error apart, with all that caused it. */
export function takeApart(error: unknown): SentError {
  if (!(error instanceof Error)) return { message: String(error), stack: undefined, facts: {} };
  const { message, stack, cause } = error;
  const { code, errno, syscall, path } = error as NodeJS.ErrnoException;
  return {
    message,
    stack,
    facts: { code, errno, syscall, path },
    ...(error instanceof ObjectStoreError ? { store: { code: error.code, retryable: error.retryable } } : {}),
    ...(cause === undefined ? {} : { cause: takeApart(cause) }),
  };
}

/** The error that was taken apart, as far as callers and the log can tell. */
export function rebuildError({ message, stack, facts, store, cause }: SentError): Error {
  const because = cause && rebuildError(cause);
  const error = store
    ? new ObjectStoreError(store.code, message, { retryable: store.retryable, cause: because })
    : Object.assign(
        new Error(message, because && { cause: because }),
        Object.fromEntries(Object.entries(facts).filter(([, fact]) => fact !== undefined)),
      );
  if (stack !== undefined) error.stack = stack;
  return error;
}
