import type { S3Client } from '@aws-sdk/client-s3';
import type { S3Patience, S3Settings } from './s3-settings.js';

type Sdk = typeof import('@aws-sdk/client-s3');

/** A client and the command classes to send with it. */
export interface S3Connection {
  client: S3Client;
  sdk: Sdk;
}

/** Every device that downloads slowly holds a connection; the SDK's 50 would let them block the uploads. */
const MAX_SOCKETS = 512;

/** The SDK would otherwise write to the console; whatever matters is in the errors. */
const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** Loads the SDK and opens a client. Loaded on first use, because a server with a directory should not pay its memory. */
export async function connect(settings: S3Settings, patience: S3Patience): Promise<S3Connection> {
  const sdk = await import('@aws-sdk/client-s3');
  const client = new sdk.S3Client({
    region: settings.region ?? 'us-east-1',
    endpoint: settings.endpoint,
    forcePathStyle: settings.forcePathStyle ?? settings.endpoint !== undefined,
    ...(settings.accessKeyId !== undefined && settings.secretAccessKey !== undefined
      ? { credentials: { accessKeyId: settings.accessKeyId, secretAccessKey: settings.secretAccessKey } }
      : {}),
    // The SDK's own default is a CRC in a trailer of a chunked body, which many compatible servers store as content.
    // Uploads carry the SHA-256 they must have instead, in the signature and as S3's checksum.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // The adapter repeats by itself: the SDK cannot rewind a stream, and one budget is easier to bound than two. One
    // attempt of the SDK's own would not be the same: it wraps errors of the network it does not recognise.
    retryStrategy: { retry: async (next, args) => next(args) },
    logger: SILENT,
    requestHandler: {
      connectionTimeout: patience.connectTimeoutMs,
      requestTimeout: patience.idleTimeoutMs,
      throwOnRequestTimeout: true,
      // Off: it would count a reader's pause as the server's silence. Bodies are watched where they are read.
      socketTimeout: 0,
      httpAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
      httpsAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
    },
  });
  return { client, sdk };
}
