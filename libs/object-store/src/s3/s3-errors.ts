import { ObjectNotFoundError, ObjectStoreError } from '../errors.js';

/** What can be read from an error of the SDK, of Node's HTTP client, or of the network. */
interface FailureFacts {
  name: string;
  message: string;
  code: string;
  status: number | undefined;
  requestId: string | undefined;
}

const NETWORK_CODES = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ETIMEDOUT',
]);

const DENIED: Record<string, string> = {
  InvalidAccessKeyId: 'it does not know this access key id; check the S3 access key settings',
  SignatureDoesNotMatch: 'the secret access key does not belong to this access key id; check the S3 secret setting',
  RequestTimeTooSkewed: "this machine's clock differs too much from the server's; set the time",
  ExpiredToken: 'the credentials have expired; renew them',
  InvalidToken: 'the session token is not valid; renew the credentials',
  CredentialsProviderError: 'no credentials were found; set the S3 access key id and secret access key',
};

const DAMAGED_ON_THE_WAY = new Set([
  'BadDigest',
  'InvalidDigest',
  'XAmzContentChecksumMismatch',
  'XAmzContentSHA256Mismatch',
]);
const PASSING = new Set([
  'ConditionalRequestConflict',
  'OperationAborted',
  'RequestTimeout',
  'SlowDown',
  'TooManyRequests',
]);

/** The S3 error code of a failure (`NoSuchKey`, `PreconditionFailed` …), or the name the SDK gave it. */
export function readS3Failure(error: unknown): FailureFacts {
  const bag = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  const metadata = (bag.$metadata ?? {}) as { httpStatusCode?: number; requestId?: string };
  return {
    name: typeof bag.name === 'string' ? bag.name : 'Error',
    message: typeof bag.message === 'string' ? bag.message : '',
    code: typeof bag.code === 'string' ? bag.code : '',
    status: metadata.httpStatusCode,
    requestId: metadata.requestId,
  };
}

/** Turns a failure of a request about this key (or about none) into this library's error, with what to do about it. */
export function toObjectStoreError(error: unknown, store: string, key?: string): ObjectStoreError {
  if (error instanceof ObjectStoreError) return error;
  const facts = readS3Failure(error);
  const cause = summarize(facts);
  const { name, code, status } = facts;

  if (key !== undefined && name !== 'NoSuchBucket' && (status === 404 || name === 'NoSuchKey')) {
    return new ObjectNotFoundError(key, { cause });
  }
  if (name === 'NoSuchBucket') return unavailable(store, 'the bucket does not exist; create it or correct its name');
  if (DENIED[name] !== undefined || status === 401 || status === 403) {
    const advice = DENIED[name] ?? 'access was refused; the key needs to read, write, delete and list in this bucket';
    return new ObjectStoreError('object-store-denied', `The object store (${store}) refused: ${advice}.`, { cause });
  }
  if (DAMAGED_ON_THE_WAY.has(name)) {
    const message = `The object store (${store}) received other bytes than were sent.`;
    return new ObjectStoreError('object-digest-mismatch', message, { retryable: true, cause });
  }
  if (status !== undefined && status >= 300 && status < 400) {
    return unavailable(store, 'the bucket is elsewhere; correct the S3 region or endpoint', cause);
  }
  if (isTlsCode(code)) return unavailable(store, `its TLS certificate is not accepted (${code})`, cause);
  if (name === 'TimeoutError' || NETWORK_CODES.has(code)) {
    return unavailable(store, `it cannot be reached (${code === '' ? 'no answer in time' : code})`, cause, true);
  }
  if (PASSING.has(name) || status === 429 || (status !== undefined && status >= 500 && status !== 501)) {
    return unavailable(store, `it is overloaded or out of order (${name}, HTTP ${status ?? 'none'})`, cause, true);
  }
  return unavailable(store, `it answered in a way not understood (${name}, HTTP ${status ?? 'none'})`, cause);
}

/** An error that says where and why the store cannot be used. */
export function unavailable(store: string, why: string, cause?: Error, retryable = false): ObjectStoreError {
  return new ObjectStoreError('object-store-unavailable', `The object store (${store}) cannot be used: ${why}.`, {
    retryable,
    cause,
  });
}

function isTlsCode(code: string): boolean {
  return /^(CERT_|DEPTH_ZERO_|ERR_SSL_|ERR_TLS_|SELF_SIGNED_|UNABLE_TO_)/.test(code);
}

/** The original carries the request it signed and whole responses, which belong in no log. */
function summarize(facts: FailureFacts): Error {
  const where = [facts.status === undefined ? '' : `HTTP ${facts.status}`, facts.requestId ?? ''].filter(Boolean);
  const text = [facts.name, facts.code, facts.message, ...where].filter(Boolean).join(' · ');
  return new Error(text);
}
