import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** How long a folder's volume takes to put a small write on the disk. */
export interface SyncSpeed {
  samples: number;
  medianMs: number;
  slowestMs: number;
}

const SAMPLES = 50;
/** A volume this slow has told enough. */
const LIMIT_MS = 4_000;
const PAGE_BYTES = 4_096;

/** Writes and syncs a page again and again in a small file that is removed. @throws when the folder cannot be written */
export function measureSyncs(folder: string, monotonicMs = () => performance.now()): SyncSpeed {
  const file = join(folder, `.doctor-${randomBytes(6).toString('hex')}`);
  const descriptor = openSync(file, 'wx', 0o600);
  const times: number[] = [];
  try {
    const startedAt = monotonicMs();
    while (times.length < SAMPLES && monotonicMs() - startedAt < LIMIT_MS) {
      const before = monotonicMs();
      writeSync(descriptor, randomBytes(PAGE_BYTES));
      fsyncSync(descriptor);
      times.push(monotonicMs() - before);
    }
  } finally {
    closeSync(descriptor);
    rmSync(file, { force: true });
  }
  times.sort((one, other) => one - other);
  return {
    samples: times.length,
    medianMs: times[Math.floor(times.length / 2)] ?? 0,
    slowestMs: times.at(-1) ?? 0,
  };
}
