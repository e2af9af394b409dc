import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UploadOutcome } from '../src/engine/types.js';
import { migrateTelemetry, openTelemetryWriter } from '../src/storage/telemetry-file.js';
import { bodyOf, sessionIdOf } from './support/batches.js';
import { report } from './support/report.js';
import { EngineProcess } from './support/engine-process.js';

const hasStrace = spawnSync('strace', ['-V']).status === 0;
const BATCHES = process.env.TELEMETRY_LONG ? 400 : 60;
const AT_ONCE = 4;

/** One system call of a trace: when it began and ended, in the order of the lines. */
interface Call {
  name: string;
  file: string;
  began: number;
  ended: number;
  /** What was written, as hexadecimal; cut to what the trace shows. */
  hex: string;
}

/** Reads what `strace -f -y -xx` wrote, putting calls that another thread interrupted together again. */
function readTrace(text: string): Call[] {
  const calls: Call[] = [];
  const open = new Map<string, Call>();
  text.split('\n').forEach((line, at) => {
    const resumed = /^(\d+) +<\.\.\. (\w+) resumed>/.exec(line);
    if (resumed) {
      const call = open.get(resumed[1] as string);
      if (call) call.ended = at;
      open.delete(resumed[1] as string);
      return;
    }
    const begun = /^(\d+) +(fsync|fdatasync|pwrite64|write)\(\d+<([^>]*)>(?:, "([^"]*)")?/.exec(line);
    if (!begun) return;
    const [, thread, name, file, written] = begun as unknown as [string, string, string, string, string | undefined];
    const call = {
      name,
      file: Buffer.from(file.replaceAll('\\x', ''), 'hex').toString(),
      began: at,
      ended: line.includes('<unfinished') ? Number.POSITIVE_INFINITY : at,
      hex: (written ?? '').replaceAll('\\x', ''),
    };
    calls.push(call);
    if (call.ended !== at) open.set(thread, call);
  });
  return calls;
}

/** Uploads from a few senders at once; every batch says its number in what it stores. */
async function uploadMarked(engine: EngineProcess): Promise<string[]> {
  const markers = Array.from({ length: BATCHES }, (_, index) => `marker-${String(index).padStart(6, '0')}-end`);
  const left = [...markers];
  const send = async (sender: number) => {
    for (let marker = left.shift(); marker !== undefined; marker = left.shift()) {
      const batch = {
        packageId: 'com.example.one',
        deviceId: `d${sender}`,
        sessionId: sessionIdOf(sender),
        events: [{ type: 'screen_view', agoMs: 0, data: { marker } }],
      };
      const body = bodyOf(batch, Date.now()).toString('base64');
      const outcome = await engine.ask<UploadOutcome>('upload', { packageId: batch.packageId, body, tag: marker });
      expect(outcome).toMatchObject({ kind: 'stored', answer: { accepted: 1 } });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, sender) => send(sender)));
  return markers;
}

describe('an answer that something is stored', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'mosis-telemetry-sync-'));
  beforeAll(() => void migrateTelemetry(dataDir));
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  const seen = hasStrace ? 'as SQLite says' : 'as SQLite says; strace is not installed, so no sync was observed';
  it(`is only given by a connection whose commits follow a sync (${seen})`, () => {
    const connection = openTelemetryWriter(dataDir);
    expect(connection.pragma('synchronous', { simple: true })).toBe(2);
    expect(connection.pragma('journal_mode', { simple: true })).toBe('wal');
    connection.close();
  });

  if (hasStrace) {
    it('follows a sync of the log that holds its events (as the kernel saw it)', async () => {
      const trace = join(dataDir, 'trace');
      const engine = await EngineProcess.start({ dataDir, offsetMs: 0, options: { gatherMs: 1 } }, [
        ...['strace', '-f', '-y', '-xx', '-s', '8192', '-o', trace],
        ...['-e', 'trace=fsync,fdatasync,pwrite64,write', '-e', 'signal=none'],
      ]);
      const markers = await uploadMarked(engine);
      await engine.close();
      const calls = readTrace(readFileSync(trace, 'latin1'));
      const log = calls.filter(({ file }) => file.endsWith('telemetry.db-wal'));
      const writes = log.filter(({ name }) => name === 'pwrite64');
      const syncs = log.filter(({ name }) => name === 'fdatasync' || name === 'fsync');
      const answers = calls.filter(({ name, file }) => name === 'write' && !file.includes('telemetry.db'));
      const ledger = markers.map((marker) => {
        const hex = Buffer.from(marker).toString('hex');
        const written = writes.find((call) => call.hex.includes(hex));
        const answered = answers.find((call) => call.hex.includes(hex));
        const synced = syncs.find((call) => written && call.began > written.ended);
        const lastWrite = writes.findLast((call) => synced && call.began < synced.began);
        return { marker, written, synced, answered, lastWrite };
      });
      for (const { written, synced, answered, lastWrite } of ledger) {
        if (!written || !synced || !answered || !lastWrite) throw new Error('the trace does not show a batch');
        expect(lastWrite.ended).toBeLessThan(synced.began);
        expect(synced.ended).toBeLessThan(answered.began);
        // The frame that ends a transaction says how large the database is after it.
        const frames = writes.filter((call) => call.hex.length === 48 && call.began <= synced.began);
        expect(frames.at(-1)?.hex.slice(8, 16)).not.toBe('00000000');
      }
      report({ answers: ledger.length, syncs: syncs.length, logWrites: writes.length });
    });
  }
});
