import type { PutObjectCommand } from '@aws-sdk/client-s3';
import { IdleTimer } from './idle-timer.js';
import type { S3Connection } from './s3-connection.js';
import { readS3Failure } from './s3-errors.js';
import { createVerifiedStream, type UploadSource } from './verified-upload.js';

export interface UploadRequest {
  bucket: string;
  /** The name in the bucket, prefix included. */
  objectName: string;
  key: string;
  source: UploadSource;
  contentType?: string;
  /** Asks the server to refuse the upload when the name is taken. */
  onlyIfAbsent: boolean;
  idleTimeoutMs: number;
}

export type UploadOutcome =
  { kind: 'stored'; etag: string | undefined } | { kind: 'taken' } | { kind: 'condition-unknown' };

/** One attempt at one PUT. It ends in bounded time when the server stops taking bytes or does not answer. */
export async function uploadOnce(connection: S3Connection, request: UploadRequest): Promise<UploadOutcome> {
  const abort = new AbortController();
  let failure: unknown;
  const fail = (error: unknown): void => {
    failure ??= error;
    abort.abort();
  };
  const idle = new IdleTimer(request.idleTimeoutMs, () =>
    fail(Object.assign(new Error('the server stopped taking the upload'), { name: 'TimeoutError' })),
  );
  const body = createVerifiedStream(request.key, request.source, () => idle.touch());
  // The HTTP client does not look at its body's errors and would wait for the rest for ever.
  body.on('error', fail);
  idle.touch();
  try {
    const command = new connection.sdk.PutObjectCommand({
      Bucket: request.bucket,
      Key: request.objectName,
      Body: body,
      ContentLength: request.source.sizeBytes,
      ContentType: request.contentType ?? 'application/octet-stream',
      ChecksumSHA256: Buffer.from(request.source.sha256, 'hex').toString('base64'),
      ...(request.onlyIfAbsent ? { IfNoneMatch: '*' } : {}),
    });
    signContent(command, request.source.sha256);
    const answer = await connection.client.send(command, { abortSignal: abort.signal, requestTimeout: 0 });
    return { kind: 'stored', etag: answer.ETag };
  } catch (error) {
    const { name, status } = readS3Failure(error);
    if (failure === undefined && (name === 'PreconditionFailed' || status === 412)) return { kind: 'taken' };
    if (failure === undefined && request.onlyIfAbsent && (name === 'NotImplemented' || status === 501)) {
      return { kind: 'condition-unknown' };
    }
    throw failure ?? error;
  } finally {
    idle.stop();
    // An answer that came before the whole body was sent leaves a connection that nobody would finish.
    if (!body.readableEnded) abort.abort();
    body.destroy();
  }
}

/**
 * Signs the content's digest with the request. The SDK signs streams without their content, but any S3 server must
 * compare this header with what it received, also those that ignore the newer checksum headers.
 */
function signContent(command: PutObjectCommand, sha256: string): void {
  command.middlewareStack.add(
    (next) => async (args) => {
      (args.request as { headers: Record<string, string> }).headers['x-amz-content-sha256'] = sha256;
      return next(args);
    },
    { step: 'build', name: 'signContent' },
  );
}
