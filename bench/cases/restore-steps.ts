import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { copyHashed } from '../baselines/hashed-copy.ts';
import type { Bench } from '../lib/bench.ts';
import { runMosis } from '../lib/mosis.ts';
import { say } from '../lib/progress.ts';
import { RealServer } from '../lib/server.ts';

const SNAPSHOT_DEADLINE_MS = 30 * 60_000;
const DATABASES = ['core.db', 'telemetry.db'] as const;

/** Starts a server that replicates its data directory, and waits until the replica can give back both databases. */
export async function startReplicated(
  bench: Bench,
  folder: string,
  replica: string,
  environment: Record<string, string>,
): Promise<{ server: RealServer; seconds: number }> {
  say('replicating');
  const startedMs = performance.now();
  const server = await RealServer.start(folder, { environment, replicated: true });
  bench.atEnd(() => server.stop());
  while (!DATABASES.every((name) => hasSnapshot(join(replica, name, 'generations')))) {
    if (performance.now() - startedMs > SNAPSHOT_DEADLINE_MS)
      throw new Error('There are no snapshots after half an hour.');
    await delay(100);
  }
  return { server, seconds: (performance.now() - startedMs) / 1000 };
}

/** A snapshot has its name only when it is whole. */
function hasSnapshot(generations: string): boolean {
  if (!existsSync(generations)) return false;
  return readdirSync(generations).some((generation) => {
    const snapshots = join(generations, generation, 'snapshots');
    return existsSync(snapshots) && readdirSync(snapshots).some((name) => name.endsWith('.snapshot.lz4'));
  });
}

/** Brings a data directory back into a new folder, and answers which and how many seconds it took. */
export async function restore(
  bench: Bench,
  environment: Record<string, string>,
  more: string[] = [],
): Promise<{ folder: string; seconds: number }> {
  const to = join(bench.emptyFolder('restored'), 'data');
  say(`restoring ${more.join(' ')}`.trim());
  const seconds = await runMosis(['restore', '--to', to, ...more], environment);
  return { folder: to, seconds };
}

/** What a restore took beside a plain copy of what came back. */
export function reportRestore(
  bench: Bench,
  what: string,
  files: readonly string[],
  seconds: number,
  { target, note }: { target?: { atMost: number }; note?: string } = {},
): void {
  const folder = bench.emptyFolder('restored-copy');
  const copiesMs = files.map((file, index) => copyHashed(file, join(folder, String(index))));
  const size = megabytes(files);
  bench.report.add({
    what,
    unit: 's',
    values: [seconds],
    ...(target ? { target } : {}),
    baseline: {
      what: 'a plain copy of the files with SHA-256 and a sync',
      values: [copiesMs.reduce((sum, ms) => sum + ms, 0) / 1000],
    },
    note: note === undefined ? size : `${size}; ${note}`,
  });
  rmSync(folder, { recursive: true });
}

/** How much files hold together, in words. */
export function megabytes(files: readonly string[]): string {
  return `${(files.reduce((sum, file) => sum + statSync(file).size, 0) / 1e6).toFixed(0)} MB`;
}
