/**
 * A telemetry engine in a process of its own, compiled as it is shipped, behind lines of JSON on stdin and stdout. It is
 * there to be killed: nothing in it tidies up.
 */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createObjectStore } from '@mosis/object-store';
import { TelemetryEngine, type EngineOptions } from '@mosis/telemetry';

interface Request {
  id: number;
  name: 'upload' | 'clock' | 'erase' | 'runErasures' | 'runRetention' | 'runAudit' | 'status' | 'close';
  packageId?: string;
  deviceId?: string;
  body?: string;
  offsetMs?: number;
  /** Goes into the answer's line, so that a trace of system calls shows which it was. */
  tag?: string;
}

const { dataDir, offsetMs, options } = JSON.parse(process.argv[2] as string) as {
  dataDir: string;
  offsetMs: number;
  options: Partial<EngineOptions>;
};
let clockOffsetMs = offsetMs;
const say = (line: unknown) => writeSync(1, `${JSON.stringify(line)}\n`);
const complain = (fields: Record<string, unknown>, message: string) =>
  writeSync(2, `${message} ${String((fields.err as Error | undefined)?.stack ?? JSON.stringify(fields))}\n`);

const engine = await TelemetryEngine.open({
  dataDir,
  objects: createObjectStore({ url: `file://${dataDir}/objects` }),
  rawDays: 8,
  exportAggregates: false,
  exportRaw: false,
  bots: { eventsPerDay: 60, interactionsPerDay: 40, activeHours: 20 },
  limits: {
    eventsPerAppDay: 1e9,
    newDevicesPerAppDay: 1e9,
    waitingBytes: 32 * 1024 * 1024,
    waitingBytesPerApp: 32 * 1024 * 1024,
  },
  minFreeBytes: 0,
  gatherMs: 5,
  analyticsMemoryMb: 256,
  now: () => Date.now() + clockOffsetMs,
  // Days pass by moving the offset, and nobody has jumped: both clocks move.
  monotonic: () => performance.now() + clockOffsetMs,
  log: { info: () => undefined, warn: complain, error: complain },
  ...options,
});
say({ ready: true });

async function answer(request: Request): Promise<unknown> {
  const packageId = request.packageId ?? '';
  switch (request.name) {
    case 'upload': {
      const body = Buffer.from(request.body ?? '', 'base64');
      const upload = { packageId, keyId: 'k', address: 'a', body, contentEncoding: undefined, sentAt: undefined };
      return engine.upload(upload);
    }
    case 'clock':
      return (clockOffsetMs = request.offsetMs ?? 0);
    case 'erase':
      return engine.erase(packageId, request.deviceId ?? '');
    case 'runErasures':
      return engine.runErasures();
    case 'runRetention':
      return engine.runRetention();
    case 'runAudit':
      return engine.runAudit();
    case 'status':
      return engine.status();
    case 'close':
      return engine.close();
  }
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line) as Request;
  answer(request).then(
    (value) => {
      say({ id: request.id, tag: request.tag, value });
      if (request.name === 'close') process.exit(0);
    },
    (error: unknown) => say({ id: request.id, error: String((error as Error).stack) }),
  );
});
