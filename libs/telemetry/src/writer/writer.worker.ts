/** The thread that owns the one writing connection to telemetry.db. */
import { parentPort, workerData } from 'node:worker_threads';
import type { EngineLog } from '../engine/types.js';
import type { RollupChange } from '../rollup/rollup-store.js';
import { closeWriter } from '@mosis/sqlite/connection';
import { openTelemetryReader, openTelemetryWriter, setTelemetryAutoCheckpoint } from '../storage/telemetry-file.js';
import { CheckpointGap } from './checkpoint-gap.js';
import { Maintenance } from './maintenance.js';
import type { MaintenanceName, WriterData, WriterReply, WriterRequest } from './messages.js';
import { unpackUploads } from './pack-uploads.js';
import { TelemetryStore } from './telemetry-store.js';

/** How often the thread looks whether counts have waited long enough. */
const FLUSH_CHECK_MS = 500;

const port = parentPort;
if (!port) throw new Error('The telemetry writer is started as a worker thread.');
const { dataDir, bots, limits, clockOffsetMs, autoCheckpoint, checkpointPages, readOnly } = workerData as WriterData;

type Methods = Record<MaintenanceName, (input: unknown) => unknown>;

const say = (reply: WriterReply) => port.postMessage(reply);
const log: EngineLog = {
  info: (fields, message) => say({ kind: 'log', level: 'info', fields: plain(fields), message }),
  warn: (fields, message) => say({ kind: 'log', level: 'warn', fields: plain(fields), message }),
  error: (fields, message) => say({ kind: 'log', level: 'error', fields: plain(fields), message }),
};

let offsetMs = clockOffsetMs;
const now = () => Date.now() + offsetMs;
const db = readOnly ? openTelemetryReader(dataDir) : openTelemetryWriter(dataDir, { autoCheckpoint });
const store = new TelemetryStore(db, { bots, limits, log });
const gap = checkpointPages === undefined || readOnly ? undefined : new CheckpointGap(db, checkpointPages);
let leavesGaps = !autoCheckpoint;
const packageIds = new Map<number, string>();
const maintenance = new Maintenance(store, now);

const flushTimer = setInterval(() => {
  try {
    if (!readOnly && store.isFlushDue(now())) announce(store.flush(now()));
  } catch (error) {
    log.error({ err: error }, 'roll-ups could not be written; they will be tried again');
  }
}, FLUSH_CHECK_MS);

port.on('message', (request: WriterRequest) => {
  if (request.kind === 'close') return close();
  if (request.kind === 'auto-checkpoint') {
    leavesGaps = !request.on;
    return setTelemetryAutoCheckpoint(db, request.on);
  }
  offsetMs = request.nowMs - Date.now();
  if (request.kind === 'uploads') {
    const gapMs = (leavesGaps && gap?.leave()) || 0;
    const { results, change } = store.commit(unpackUploads(request.uploads, request.bodies), request.nowMs);
    say({ kind: 'results', results, rollupLagMs: store.rollupLagMs(request.nowMs), gapMs });
    announce(change);
    return;
  }
  try {
    const value = (maintenance as unknown as Methods)[request.name](request.input);
    if (isChange(value)) announce(value);
    say({ kind: 'reply', id: request.id, value });
  } catch (error) {
    say({ kind: 'failure', id: request.id, error: error as Error });
  }
});
say({ kind: 'ready' });

function announce(change: RollupChange | undefined): void {
  if (change && change.touched.length + change.suspects.length > 0) {
    const touched = change.touched.map(({ app, day }) => ({ packageId: packageIdOf(app), day }));
    say({ kind: 'change', change: { touched, suspects: change.suspects }, rollupLagMs: store.rollupLagMs(now()) });
  }
}

function packageIdOf(app: number): string {
  let packageId = packageIds.get(app);
  if (packageId === undefined) {
    packageId = db.prepare('SELECT package_id FROM apps WHERE app = ?').pluck().get(app) as string;
    packageIds.set(app, packageId);
  }
  return packageId;
}

function close(): void {
  clearInterval(flushTimer);
  if (readOnly) db.close();
  else closeAfterFlush();
  port?.close();
}

function closeAfterFlush(): void {
  try {
    store.flush(now());
  } catch (error) {
    // What is not rolled up now is at the next start: the watermark says so.
    log.warn({ err: error }, 'roll-ups could not be written before the end');
  }
  closeWriter(db);
}

function isChange(value: unknown): value is RollupChange {
  return typeof value === 'object' && value !== null && 'touched' in value && 'suspects' in value;
}

function plain(fields: Record<string, unknown>): Record<string, unknown> {
  const { err, ...rest } = fields;
  return err instanceof Error ? { ...rest, err: { message: err.message, stack: err.stack ?? '' } } : fields;
}
