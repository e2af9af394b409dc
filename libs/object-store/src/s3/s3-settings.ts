import { ObjectStoreError } from '../errors.js';

/** How to reach an S3 server and as whom. */
export interface S3Settings {
  /** Base URL of an S3-compatible server; without it, Amazon's own for the region. */
  endpoint?: string;
  /** Default `us-east-1`, which most other servers accept whatever they are. */
  region?: string;
  /** Both or neither; with neither, the SDK looks for a role or a profile of the machine. */
  accessKeyId?: string;
  secretAccessKey?: string;
  /** `endpoint/bucket/key` instead of `bucket.endpoint/key`; the default where an endpoint is given. */
  forcePathStyle?: boolean;
}

/** Patience of the adapter; the defaults fit a server across the internet. */
export interface S3Patience {
  connectTimeoutMs: number;
  /** How long the other side may show no sign of life: no byte taken, none sent, no answer. */
  idleTimeoutMs: number;
  attempts: number;
  /** Pause before the second attempt; each further one doubles it. */
  retryDelayMs: number;
}

export const DEFAULT_S3_PATIENCE: S3Patience = {
  connectTimeoutMs: 5_000,
  idleTimeoutMs: 30_000,
  attempts: 4,
  retryDelayMs: 200,
};

/** Throws `object-store-settings-invalid` for settings that cannot work; no message repeats a credential. */
export function assertS3Settings(settings: S3Settings): void {
  if ((settings.accessKeyId === undefined) !== (settings.secretAccessKey === undefined)) {
    throw invalid('the S3 access key id and the secret access key must be given together, or neither');
  }
  if (settings.endpoint === undefined) return;
  const url = URL.canParse(settings.endpoint) ? new URL(settings.endpoint) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw invalid('the S3 endpoint must be a URL that starts with http:// or https://');
  }
  if (url.username !== '' || url.password !== '') throw invalid('the S3 endpoint must not hold credentials');
  if (url.search !== '' || url.hash !== '') throw invalid('the S3 endpoint must not have a "?" or "#" part');
}

function invalid(problem: string): ObjectStoreError {
  return new ObjectStoreError('object-store-settings-invalid', `Object store: ${problem}.`);
}
