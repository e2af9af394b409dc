import { statfs } from 'node:fs/promises';
import { AppError } from '../common/app-error.js';

/** Room on a volume that a file may take up. */
export interface ReservedSpace {
  /** So much of it is written, and shows as taken. */
  written(bytes: number): void;
  /** The rest is not needed any more. */
  release(): void;
}

/** Keeps uploads out that would leave less free space than the server needs for itself. */
export class UploadSpace {
  /** What of announced uploads is still to come. */
  private expectedBytes = 0;

  constructor(
    private readonly folder: string,
    private readonly minFreeBytes: number,
  ) {}

  /** Makes sure that a file of this size fits; of unknown size, that there is room at all. @throws AppError `disk-low` */
  async reserve(sizeBytes = 0): Promise<ReservedSpace> {
    this.expectedBytes += sizeBytes;
    let restBytes = sizeBytes;
    const written = (bytes: number) => {
      const counted = Math.min(bytes, restBytes);
      restBytes -= counted;
      this.expectedBytes -= counted;
    };
    const release = () => written(restBytes);
    try {
      const { bavail, bsize } = await statfs(this.folder);
      if (bavail * bsize - this.expectedBytes < this.minFreeBytes) {
        throw new AppError('disk-low', 'The server has too little free space for this upload. Try again later.', {
          retryAfterSeconds: 60,
        });
      }
    } catch (error) {
      release();
      throw error;
    }
    return { written, release };
  }
}
