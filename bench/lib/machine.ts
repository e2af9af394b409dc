import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { quantile } from './statistics.ts';

const SYNCS = 200;
const SYNC_BYTES = 4096;

/** What figures depend on. */
export interface Machine {
  cores: number;
  cpu: string;
  memoryBytes: number;
  system: string;
  node: string;
  sqlite: string;
  duckdb: string;
  fileSystem: string;
  /** Milliseconds of an append of 4 KiB and its sync, in the folder that was measured in. */
  syncMs: { p50: number; p99: number };
}

/** Describes this machine, the disk under `folder` included. */
export async function describeMachine(folder: string): Promise<Machine> {
  const { version } = await import('@duckdb/node-api');
  const db = new Database(':memory:');
  const sqlite = db.prepare('SELECT sqlite_version()').pluck().get() as string;
  db.close();
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryBytes: totalmem(),
    system: `${platform()} ${release()}`,
    node: process.version,
    sqlite,
    duckdb: version(),
    fileSystem: `0x${statfsSync(folder).type.toString(16)}`,
    syncMs: measureSync(folder),
  };
}

/** A line for people. */
export function machineText({ cores, cpu, memoryBytes, system, node, sqlite, duckdb, syncMs }: Machine): string {
  return [
    `${cores} cores, ${cpu}, ${(memoryBytes / 2 ** 30).toFixed(1)} GiB, ${system}`,
    `Node ${node}, SQLite ${sqlite}, DuckDB ${duckdb}`,
    `fsync of 4 KiB: p50 ${syncMs.p50.toFixed(2)} ms, p99 ${syncMs.p99.toFixed(2)} ms`,
  ].join('\n');
}

function measureSync(folder: string): { p50: number; p99: number } {
  const own = mkdtempSync(join(folder, 'sync-'));
  const file = openSync(join(own, 'file'), 'a');
  const bytes = Buffer.alloc(SYNC_BYTES, 1);
  const taken: number[] = [];
  try {
    for (let round = 0; round < SYNCS; round += 1) {
      const startedMs = performance.now();
      writeSync(file, bytes);
      fsyncSync(file);
      taken.push(performance.now() - startedMs);
    }
  } finally {
    closeSync(file);
    rmSync(own, { recursive: true });
  }
  return { p50: quantile(taken, 0.5), p99: quantile(taken, 0.99) };
}
