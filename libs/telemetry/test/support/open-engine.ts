import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createObjectStore } from '@mosis/object-store';
import { TelemetryEngine } from '../../src/engine/telemetry-engine.js';
import type { EngineOptions, UploadOutcome } from '../../src/engine/types.js';
import { migrateTelemetry } from '../../src/storage/telemetry-file.js';
import { bodyOf, type SentBatch } from './batches.js';
import { NO_BOTS, SILENT, WIDE_LIMITS } from './direct-engine.js';
import type { TestClock } from './test-clock.js';

/** A folder with a migrated telemetry.db in it. */
export function newDataDir(): string {
  const dataDir = mkdtempSync(join(tmpdir(), 'mosis-telemetry-engine-'));
  migrateTelemetry(dataDir);
  return dataDir;
}

/** The whole engine with its threads, as of a server whose exports are off. */
export async function openEngine(
  dataDir: string,
  clock: TestClock,
  more: Partial<EngineOptions> = {},
): Promise<TelemetryEngine> {
  return TelemetryEngine.open({
    dataDir,
    objects: createObjectStore({ url: `file://${dataDir}/objects` }),
    rawDays: 8,
    exportAggregates: false,
    exportRaw: false,
    bots: NO_BOTS,
    limits: WIDE_LIMITS,
    minFreeBytes: 0,
    gatherMs: 1,
    analyticsMemoryMb: 256,
    now: clock.now,
    monotonic: clock.monotonic,
    log: SILENT,
    ...more,
  });
}

/** Uploads a body as it is. */
export function uploadBody(
  engine: TelemetryEngine,
  packageId: string,
  body: Buffer,
  more: { contentEncoding?: string; sentAt?: string } = {},
): Promise<UploadOutcome> {
  const { contentEncoding, sentAt } = more;
  return engine.upload({ packageId, keyId: 'k', address: 'a', body, contentEncoding, sentAt });
}

/** Uploads what a device whose clock is right sends. */
export function upload(engine: TelemetryEngine, clock: TestClock, batch: SentBatch): Promise<UploadOutcome> {
  return uploadBody(engine, batch.packageId, bodyOf(batch, clock.wallMs));
}
