import { Inject, Injectable, Logger } from '@nestjs/common';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { packageKey } from '@mosis/object-store';
import { readEntry } from '@mosis/package';
import { Turns } from '../common/turns.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { ObjectsService } from '../objects/objects.service.js';

/** Files that may be on their way at the same time: where objects are not local, each holds a copy of its package. */
const MAX_AT_ONCE = 10;
/** Requests beyond them that may wait: each holds a connection. */
const MAX_WAITING = 100;
/** Many clients give a request no more time than this. */
const MAX_WAIT_MS = 50_000;
/** So much is read before an answer begins: a smaller file is known to be sound by then, and is sent without its package. */
const HELD_BYTES = 256 * 1024;

/** How slowly a file may be taken. */
export interface Patience {
  /** Whoever takes nothing for so long is left. */
  stalledMs: number;
  /** Whoever has not taken all by then is left. */
  wholeMs: number;
}

/** A tenth of the time that a slow line is given for a package, which is three times as large as any file shown. */
const PATIENCE: Patience = { stalledMs: 30_000, wholeMs: 10 * 60_000 };

/** A file on its way out. */
export interface OpenedFile {
  /** The bytes when these are few, else a stream, which must be read to its end or destroyed. */
  content: Buffer | Readable;
  sizeBytes: number;
}

/** Takes single files out of stored packages, with little of them in memory however large they are. */
@Injectable()
export class PackageFileReader {
  private readonly logger = new Logger('package-files');
  private readonly folder: string;
  private readonly turns = new Turns({
    atOnce: MAX_AT_ONCE,
    maxWaiting: MAX_WAITING,
    maxWaitMs: MAX_WAIT_MS,
    refusal: 'Many files of packages are being read. Try again in a minute.',
  });

  constructor(
    private readonly objects: ObjectsService,
    @Inject(SETTINGS) settings: Settings,
  ) {
    this.folder = join(settings.dataDir, 'tmp');
  }

  /**
   * Opens a file of a package. What is held for it meanwhile is given back when the stream is closed, and that is closed
   * when nobody takes anything of it.
   *
   * @throws AppError `overloaded`; ObjectStoreError; PackageError when the beginning of the file cannot be unpacked
   */
  async open(sha256: string, path: string, gone: AbortSignal, patience = PATIENCE): Promise<OpenedFile> {
    const giveBack = await this.turns.take(gone);
    return new Promise((resolve, reject) => {
      this.objects.store
        .withLocalFile(packageKey(sha256), this.folder, async (local) => {
          gone.throwIfAborted();
          const { stream: source, sizeBytes } = await readEntry(local, path);
          const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
          const beginning = await readBeginning(chunks);
          if (beginning.isWhole) return { content: beginning.bytes, sizeBytes };
          const content = continueWith(beginning.bytes, chunks, patience);
          content.once('error', (error) =>
            this.logger.warn({ msg: 'a file of a package was not sent whole', 'package.sha256': sha256, err: error }),
          );
          content.once('close', () => source.destroy());
          resolve({ content, sizeBytes });
          // Until then the local file is needed.
          await new Promise((closed) => source.once('close', closed));
          return { content, sizeBytes };
        })
        .finally(giveBack)
        .then(resolve, reject);
    });
  }
}

async function readBeginning(chunks: AsyncIterator<Buffer>): Promise<{ bytes: Buffer; isWhole: boolean }> {
  const held: Buffer[] = [];
  for (let heldBytes = 0; heldBytes <= HELD_BYTES;) {
    const next = await chunks.next();
    if (next.done === true) return { bytes: Buffer.concat(held), isWhole: true };
    held.push(next.value);
    heldBytes += next.value.length;
  }
  return { bytes: Buffer.concat(held), isWhole: false };
}

/** A stream of what was read already, and then of the rest. */
function continueWith(beginning: Buffer, chunks: AsyncIterator<Buffer>, { stalledMs, wholeMs }: Patience): Readable {
  const endsAt = performance.now() + wholeMs;
  const content = async function* () {
    yield beginning;
    for (;;) {
      stalled.refresh();
      if (performance.now() > endsAt) throw new Error('The file was taken too slowly.');
      const next = await chunks.next();
      if (next.done === true) return;
      yield next.value;
    }
  };
  const rest = Readable.from(content(), { objectMode: false });
  const stalled = setTimeout(() => rest.destroy(new Error('Nothing was taken of the file for too long.')), stalledMs);
  stalled.unref();
  rest.once('close', () => clearTimeout(stalled));
  return rest;
}
