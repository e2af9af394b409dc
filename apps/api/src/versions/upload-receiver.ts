import { Inject, Injectable } from '@nestjs/common';
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { AppError } from '../common/app-error.js';
import { releaseMemory } from '../common/release-memory.js';
import { Turns } from '../common/turns.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';

/** An upload that lies complete and synced in a file of its own, which nobody else writes to. */
export interface ReceivedUpload {
  file: string;
  sha256: string;
  sizeBytes: number;
}

/** Uploads that may arrive and be verified at the same time: each holds a file as large as its package. */
const MAX_ARRIVING = 20;
/** Uploads beyond them that may wait, their bodies unread: each holds a connection. */
const MAX_WAITING = 100;
/** Many clients give a request no more time than this. */
const MAX_WAIT_MS = 50_000;

/** Takes uploads from the network to disk, hashing on the way; memory stays flat. */
@Injectable()
export class UploadReceiver {
  private readonly folder: string;
  private readonly turns = new Turns({
    atOnce: MAX_ARRIVING,
    maxWaiting: MAX_WAITING,
    maxWaitMs: MAX_WAIT_MS,
    refusal: 'Many uploads are arriving. Try again in a minute.',
  });

  constructor(@Inject(SETTINGS) private readonly settings: Settings) {
    this.folder = join(settings.dataDir, 'tmp');
  }

  /**
   * Receives a body and hands it to `work`; the file is gone afterwards, whatever happens.
   *
   * @throws AppError `package-too-large`, `package-empty`, `overloaded`
   */
  async receive<Result>(
    body: Readable,
    declaredBytes: number | undefined,
    work: (upload: ReceivedUpload) => Promise<Result>,
  ): Promise<Result> {
    const maxBytes = this.settings.packageLimits.packedBytes;
    if (declaredBytes !== undefined && declaredBytes > maxBytes) throw tooLarge(maxBytes);
    const giveBack = await this.turns.take(goneSignal(body));
    const file = join(this.folder, `upload-${randomUUID()}`);
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      return await work({ file, ...(await this.write(body, file, maxBytes)) });
    } finally {
      await rm(file, { force: true });
      giveBack();
    }
  }

  /** Removes what a killed process left. */
  async cleanUp(): Promise<void> {
    for (const name of await readdir(this.folder).catch(() => []))
      await rm(join(this.folder, name), { force: true, recursive: true });
  }

  private async write(body: Readable, file: string, maxBytes: number): Promise<{ sha256: string; sizeBytes: number }> {
    const hash = createHash('sha256');
    const handle = await open(file, 'wx', 0o600);
    let sizeBytes = 0;
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        sizeBytes += chunk.length;
        if (sizeBytes > maxBytes) throw tooLarge(maxBytes);
        hash.update(chunk);
        // Unlike write, this goes on until the whole chunk is written.
        await handle.appendFile(chunk);
        releaseMemory(chunk); // Of 100 MiB, V8 would let 50 gather before it collects any.
      }
      if (sizeBytes === 0)
        throw new AppError('package-empty', 'The body is empty. Send the package itself as application/octet-stream.');
      await handle.sync();
    } catch (error) {
      if (
        (error as { code?: string }).code === 'ECONNRESET' ||
        (error as { code?: string }).code === 'ERR_STREAM_PREMATURE_CLOSE'
      ) {
        throw brokenOff(error);
      }
      throw error;
    } finally {
      await handle.close();
    }
    return { sha256: hash.digest('hex'), sizeBytes };
  }
}

/** Aborts when the client is gone before its body was read. */
function goneSignal(body: Readable): AbortSignal {
  const gone = new AbortController();
  if (body.destroyed && !body.readableEnded) gone.abort(brokenOff());
  else body.once('close', () => gone.abort(brokenOff()));
  return gone.signal;
}

/** The client went away in the middle: there is nobody to answer, but the log should not call it our fault. */
function brokenOff(cause?: unknown): AppError {
  return new AppError('body-unreadable', 'The upload ended before it was complete.', { cause });
}

function tooLarge(maxBytes: number): AppError {
  return new AppError(
    'package-too-large',
    `A package has at most ${maxBytes} bytes (${Math.floor(maxBytes / 1024 / 1024)} MiB).`,
  );
}
