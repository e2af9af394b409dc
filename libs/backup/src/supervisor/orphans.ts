import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findProcesses, isRunning, type FoundProcess } from './processes.js';
import type { BackupLog } from './status.js';

const LOOK_EVERY_MS = 20;
const KILLED_WITHIN_MS = 5_000;

/** A Litestream that a killed server left could not be ended, so nothing may be written. */
export class OrphanError extends Error {
  constructor(pid: number) {
    super(
      `Process ${pid} is a Litestream that an earlier server left, and it cannot be ended. Two of them on one file destroy the backup: end it (kill -9 ${pid}), then start again.`,
    );
    this.name = 'OrphanError';
  }
}

/** The path of Litestream's configuration, by the data directory's own name whichever way it was given: by it an orphan is known. */
export async function locateLitestreamConfig(dataDir: string): Promise<string> {
  return join(await realpath(dataDir), 'litestream.yml');
}

/** The arguments by which our Litestream is known: its configuration file lies in the data directory and nowhere else. */
export function replicateArguments(configFile: string): string[] {
  return ['replicate', '-config', configFile];
}

/**
 * Ends every Litestream that replicates by this configuration file: what a server that was killed left behind. Two on one
 * file would write over each other's segments, and a restore would be short of rows without a word. The caller holds the
 * data directory's lock, so none of them has a living parent.
 *
 * Each is asked first, so that it ships what it has, and killed when it does not end in time.
 *
 * @throws OrphanError when one survives even that
 */
export async function endOrphans(configFile: string, patienceMs: number, log: BackupLog): Promise<number> {
  const args = replicateArguments(configFile);
  const orphans = await findProcesses(args);
  for (const orphan of orphans) {
    log.warn({ 'litestream.pid': orphan.pid }, 'ending a Litestream that a killed server left behind');
    signal(orphan, 'SIGTERM');
    if (!orphan.stopped && (await isGone(orphan, args, patienceMs))) continue;
    // Looked at again in the same breath: the number may be somebody else's by now.
    if (await isRunning(orphan, args)) signal(orphan, 'SIGKILL');
    if (!(await isGone(orphan, args, KILLED_WITHIN_MS))) throw new OrphanError(orphan.pid);
  }
  return orphans.length;
}

async function isGone(orphan: FoundProcess, args: readonly string[], withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (await isRunning(orphan, args)) {
    if (performance.now() > until) return false;
    await delay(LOOK_EVERY_MS);
  }
  return true;
}

function signal({ pid }: FoundProcess, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone already, or not ours to end; whether it runs is looked at either way.
  }
}
