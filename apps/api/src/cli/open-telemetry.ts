import { REPLICA_INTERVALS } from '@mosis/backup';
import type { ObjectStore } from '@mosis/object-store';
import { TelemetryEngine, type EngineLog, type IngestLimits } from '@mosis/telemetry';
import type { Logger } from 'pino';
import type { Clock } from '../common/clock.js';
import type { Settings } from '../config/settings.js';

const MIB = 1024 * 1024;
/** They bound abuse, not use: an office of a thousand devices shares an address. */
const RATES = {
  perKey: { ratePerSecond: 2_000, burst: 10_000 },
  perAddress: { ratePerSecond: 1_000, burst: 10_000 },
  perDevice: { ratePerSecond: 500, burst: 100_000 },
};
/** Bodies that wait for the writer, as they came; one app's flood leaves more than half for the others. */
const WAITING_BYTES = 64 * MIB;
const WAITING_BYTES_PER_APP = 24 * MIB;

/** Opens the telemetry engine of a data directory; its file must have been migrated. */
export async function openTelemetry(
  settings: Settings,
  objects: ObjectStore,
  clock: Clock,
  {
    logger,
    autoCheckpoint = true,
    readOnly = false,
  }: { logger?: Logger; autoCheckpoint?: boolean; readOnly?: boolean } = {},
): Promise<TelemetryEngine> {
  const { rawDays, exportAggregates, exportRaw, bots, minFreeBytes, gatherMs, analyticsMemoryMb } = settings.telemetry;
  return TelemetryEngine.open({
    dataDir: settings.dataDir,
    objects,
    rawDays,
    exportAggregates,
    exportRaw,
    bots,
    limits: limitsOf(settings),
    minFreeBytes,
    gatherMs,
    analyticsMemoryMb,
    now: () => clock.now().getTime(),
    monotonic: () => clock.monotonicMs(),
    autoCheckpoint,
    checkpointPages: REPLICA_INTERVALS.telemetry.maxCheckpointPages,
    readOnly,
    log: logger ? logOf(logger) : SILENT,
  });
}

function limitsOf({ rateLimits, telemetry }: Settings): IngestLimits {
  return {
    ...(rateLimits ? RATES : {}),
    eventsPerAppDay: telemetry.eventsPerAppDay,
    newDevicesPerAppDay: telemetry.newDevicesPerAppDay,
    waitingBytes: WAITING_BYTES,
    waitingBytesPerApp: WAITING_BYTES_PER_APP,
  };
}

const nothing = () => undefined;
const SILENT: EngineLog = { info: nothing, warn: nothing, error: nothing };

function logOf(logger: Logger): EngineLog {
  const scoped = logger.child({ scope: 'telemetry' });
  return {
    info: (fields, message) => scoped.info(fields, message),
    warn: (fields, message) => scoped.warn(fields, message),
    error: (fields, message) => scoped.error(fields, message),
  };
}
