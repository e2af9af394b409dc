import { Inject, Injectable } from '@nestjs/common';
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { releaseMemory } from '../common/release-memory.js';
import { Turns } from '../common/turns.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { UploadPace } from './upload-pace.js';
import { UploadSpace, type ReservedSpace } from './upload-space.js';

/** An upload that lies complete and synced in a file of its own, which nobody else writes to. */
export interface ReceivedUpload {
  file: string;
  sha256: string;
  sizeBytes: number;
}

/** A body on its way in. */
export interface ArrivingUpload {
  body: Readable;
  /** What the client says that it sends. */
  declaredBytes: number | undefined;
  /** Whose it is. */
  developerId: string;
}

/** Uploads that may arrive and be verified at the same time: each holds a file as large as its package. */
const MAX_ARRIVING = 20;
/** So many of one developer: who sends slowly must not hold all places. */
const MAX_ARRIVING_PER_DEVELOPER = 6;
/** Uploads beyond them that may wait, their bodies unread: each holds a connection. */
const MAX_WAITING = 100;
const MAX_WAITING_PER_DEVELOPER = 60;
/** Many clients give a request no more time than this. */
const MAX_WAIT_MS = 50_000;

/** Takes uploads from the network to disk, hashing on the way; memory stays flat. */
@Injectable()
export class UploadReceiver {
  private readonly folder: string;
  private readonly turns = new Turns({
    atOnce: MAX_ARRIVING,
    atOncePerParty: MAX_ARRIVING_PER_DEVELOPER,
    maxWaiting: MAX_WAITING,
    maxWaitingPerParty: MAX_WAITING_PER_DEVELOPER,
    maxWaitMs: MAX_WAIT_MS,
    refusal: 'Many uploads are arriving. Try again in a minute.',
  });

  private readonly pace: UploadPace;
  private readonly space: UploadSpace;

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    clock: Clock,
  ) {
    this.folder = join(settings.dataDir, 'tmp');
    this.pace = new UploadPace(clock);
    this.space = new UploadSpace(settings.dataDir, settings.telemetry.minFreeBytes);
  }

  /**
   * Receives a body of a developer's and hands it to `work`; the file is gone afterwards, whatever happens.
   *
   * @throws AppError `package-too-large`, `package-empty`, `overloaded`, `disk-low`, `request-timeout`
   */
  async receive<Result>(
    { body, declaredBytes, developerId }: ArrivingUpload,
    work: (upload: ReceivedUpload) => Promise<Result>,
  ): Promise<Result> {
    const maxBytes = this.settings.packageLimits.packedBytes;
    if (declaredBytes !== undefined && declaredBytes > maxBytes) throw tooLarge(maxBytes);
    const giveBack = await this.turns.take(goneSignal(body), developerId);
    const file = join(this.folder, `upload-${randomUUID()}`);
    try {
      const space = await this.space.reserve(declaredBytes);
      try {
        await mkdir(this.folder, { recursive: true, mode: 0o700 });
        const received = await this.write(body, file, space);
        space.release();
        return await work({ file, ...received });
      } finally {
        space.release();
        await rm(file, { force: true });
      }
    } finally {
      giveBack();
    }
  }

  /** Ends uploads that were too slow for a minute; it also happens by itself, every few seconds. */
  endSlow(): void {
    this.pace.endSlow();
  }

  /** Removes what a killed process left. */
  async cleanUp(): Promise<void> {
    for (const name of await readdir(this.folder).catch(() => []))
      await rm(join(this.folder, name), { force: true, recursive: true });
  }

  private async write(
    body: Readable,
    file: string,
    space: ReservedSpace,
  ): Promise<{ sha256: string; sizeBytes: number }> {
    const maxBytes = this.settings.packageLimits.packedBytes;
    const hash = createHash('sha256');
    const handle = await open(file, 'wx', 0o600);
    let sizeBytes = 0;
    const pace = this.pace.watch(body);
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        sizeBytes += chunk.length;
        pace.count(chunk.length);
        if (sizeBytes > maxBytes) throw tooLarge(maxBytes);
        hash.update(chunk);
        // Unlike write, this goes on until the whole chunk is written.
        await handle.appendFile(chunk);
        space.written(chunk.length);
        releaseMemory(chunk); // Of 100 MiB, V8 would let 50 gather before it collects any.
      }
      pace.stop();
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
      pace.stop();
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
