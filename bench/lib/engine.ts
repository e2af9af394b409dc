import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createObjectStore } from '@mosis/object-store';
import { migrateTelemetry, TelemetryEngine, type EngineOptions } from '@mosis/telemetry';

const MIB = 2 ** 20;
const never = 1e12;

/** Opens the engine in this process, set up as the server does, with no limits and no bots. */
export async function openEngine(dataDir: string, options: Partial<EngineOptions> = {}): Promise<TelemetryEngine> {
  mkdirSync(dataDir, { recursive: true });
  migrateTelemetry(dataDir);
  const log = (_fields: Record<string, unknown>, message: string) =>
    void process.stderr.write(`  engine: ${message}\n`);
  return TelemetryEngine.open({
    dataDir,
    objects: createObjectStore({ url: pathToFileURL(join(dataDir, 'objects')).href }),
    rawDays: 90,
    exportAggregates: false,
    exportRaw: false,
    bots: { eventsPerDay: never, interactionsPerDay: never, activeHours: 25 },
    limits: {
      eventsPerAppDay: never,
      newDevicesPerAppDay: never,
      waitingBytes: 64 * MIB,
      waitingBytesPerApp: 24 * MIB,
    },
    minFreeBytes: 0,
    gatherMs: 20,
    analyticsMemoryMb: 256,
    now: () => Date.now(),
    log: { info: () => undefined, warn: log, error: log },
    ...options,
  });
}
