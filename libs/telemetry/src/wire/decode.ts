import { constants, gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { WireLimits } from './limits.js';
import { UploadError } from './upload-error.js';

/**
 * The window a zstd frame may ask for, as a power of two. RFC 9659 lets a content coding have 8 MiB; a frame of a few bytes
 * could otherwise make the server allocate 128 MiB.
 */
const ZSTD_WINDOW_LOG_MAX = 23;

/**
 * Undoes the content coding of an upload (`identity`, `gzip` or `zstd`) and never holds more than `maxInflatedBytes` of it.
 *
 * @throws UploadError 415 `unsupported-encoding`, 413 `body-too-large`, 400 `body-unreadable`
 */
export function decodeBody(body: Uint8Array, contentEncoding: string | undefined, limits: WireLimits): Buffer {
  const coding = contentEncoding?.trim().toLowerCase() ?? '';
  switch (coding) {
    case '':
    case 'identity':
      refuseLarge(body, limits);
      return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    case 'gzip':
    case 'x-gzip':
      refuseLarge(body, limits);
      return inflate('gzip', limits, () => gunzipSync(body, { maxOutputLength: limits.maxInflatedBytes }));
    case 'zstd':
      refuseLarge(body, limits);
      return inflate('zstd', limits, () => decompressZstd(body, limits));
    default:
      throw new UploadError({
        status: 415,
        code: 'unsupported-encoding',
        detail: 'The content encoding of a batch is identity, gzip or zstd, and only one of them.',
      });
  }
}

/** What is over the limit before inflating is over it afterwards: nothing worth sending grows when it is compressed. */
function refuseLarge(body: Uint8Array, limits: WireLimits): void {
  if (body.byteLength > limits.maxInflatedBytes) throw tooLarge(limits);
}

function decompressZstd(body: Uint8Array, limits: WireLimits): Buffer {
  // With `info` the types still promise a Buffer.
  const { buffer, engine } = zstdDecompressSync(body, {
    maxOutputLength: limits.maxInflatedBytes,
    params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX },
    info: true,
  }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
  // Node stops after the first frame and ignores what follows; half a body must not pass for a whole one.
  if (engine.bytesWritten !== body.byteLength) throw new Error('bytes after the first frame');
  return buffer;
}

function inflate(coding: string, limits: WireLimits, run: () => Buffer): Buffer {
  try {
    return run();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limits);
    throw new UploadError({
      status: 400,
      code: 'body-unreadable',
      detail: coding === 'zstd' ? 'The body is not one whole zstd frame.' : `The body is not a whole ${coding} stream.`,
    });
  }
}

function tooLarge(limits: WireLimits): UploadError {
  return new UploadError({
    status: 413,
    code: 'body-too-large',
    detail: `A batch has at most ${limits.maxInflatedBytes} bytes, counted after inflating.`,
  });
}
