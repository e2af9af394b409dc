import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditReport, RetentionReport, UploadOutcome } from '../src/engine/types.js';
import { migrateTelemetry, telemetryDatabasePath } from '../src/storage/telemetry-file.js';
import { bodyOf, seededRandom, sessionIdOf, type SentEvent } from './support/batches.js';
import { EngineProcess } from './support/engine-process.js';
import { listRawTables, openPlainly, readRawEvents, type RawEventRow } from './support/raw-events.js';
import { report } from './support/report.js';
import { compareCoveredDays } from './support/rollups.js';
import { DAY_MS, HOUR_MS } from './support/test-clock.js';

/** TELEMETRY_LONG=1 makes it a hundred kills. */
const KILLS = process.env.TELEMETRY_LONG ? 100 : 10;
const SENDERS = 6;
const TYPES = ['screen_view', 'button_click', 'level_up', 'perf_frame', 'app_crash', 'lua_error'];

interface Sent {
  accepted: number;
  packageId: string;
  body: string;
  sentMs: number;
}

/** Sends, retries, lets days pass and kills; knows what was acknowledged. */
class Storm {
  readonly acknowledged = new Map<string, Sent>();
  readonly tally = { kills: 0, batches: 0, events: 0, retries: 0, duplicates: 0, erasures: 0, dropped: 0 };
  readonly random = seededRandom(Number(process.env.TELEMETRY_SEED ?? 20261121));
  engine!: EngineProcess;
  offsetMs = 0;
  #session = 0;
  stopped = false;
  /** The test is over, whatever became of it. */
  abandoned = false;

  constructor(readonly dataDir: string) {}

  async start(): Promise<void> {
    this.engine = await EngineProcess.start({ dataDir: this.dataDir, offsetMs: this.offsetMs });
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.random() * items.length)] as Item;
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    this.offsetMs += ms;
    await this.engine.ask('clock', { offsetMs: this.offsetMs }).catch(() => undefined);
  }

  /** Sends new batches one after the other, each until it is answered; some of them once more afterwards. */
  async send(sender: number): Promise<void> {
    while (!this.stopped) {
      const batchId = randomUUID();
      const events: SentEvent[] = Array.from({ length: 1 + Math.floor(this.random() * 12) }, () => {
        const type = this.pick(TYPES);
        return { type, agoMs: Math.floor(this.random() ** 4 * 6 * DAY_MS), data: { message: this.pick(['a', 'b']) } };
      });
      const packageId = `com.example.app${sender % 3}`;
      const device = Math.floor(this.random() * 9);
      const sentMs = Date.now() + this.offsetMs;
      const body = bodyOf(
        { packageId, deviceId: `d${device}`, sessionId: sessionIdOf((this.#session += 1) % 50), events },
        sentMs,
        batchId,
      ).toString('base64');
      const answer = await this.#untilStored(packageId, body);
      this.acknowledged.set(batchId, { accepted: answer.accepted, packageId, body, sentMs });
      this.tally.batches += 1;
      this.tally.events += answer.accepted;
      if (this.random() < 0.1) await this.#repeatOne();
    }
  }

  async #untilStored(packageId: string, body: string): Promise<{ accepted: number; duplicate: boolean }> {
    for (;;) {
      const engine = this.engine;
      const outcome = await engine.ask<UploadOutcome>('upload', { packageId, body }).catch(() => undefined);
      if (outcome?.kind === 'stored') return outcome.answer;
      if (outcome && outcome.status < 429) throw new Error(JSON.stringify(outcome));
      if (this.abandoned) throw new Error('the test is over');
      this.tally.retries += 1;
      await this.#untilAlive(engine);
    }
  }

  /** What a device may still send again; what is much older the engine may have forgotten. */
  recent(): Map<string, Sent> {
    const since = Date.now() + this.offsetMs - 14 * DAY_MS;
    return new Map([...this.acknowledged].filter(([, { sentMs }]) => sentMs >= since));
  }

  async #repeatOne(): Promise<void> {
    const { packageId, body, accepted } = this.pick([...this.recent().values()]);
    const again = await this.#untilStored(packageId, body);
    if (!again.duplicate || again.accepted !== accepted) throw new Error('a repeat was not answered as before');
    this.tally.duplicates += 1;
  }

  /** Resolves when another engine than this one takes questions; at once when this one still does. */
  async #untilAlive(engine: EngineProcess): Promise<void> {
    while (this.engine === engine && this.#restarting) await this.#restarting;
    await new Promise((resolve) => setImmediate(resolve));
  }

  #restarting: Promise<void> | undefined;

  async kill(): Promise<void> {
    this.#restarting = (async () => {
      await this.engine.kill();
      this.tally.kills += 1;
      await this.start();
    })();
    await this.#restarting;
    this.#restarting = undefined;
  }
}

describe('an engine that is killed again and again', () => {
  // A test that fails must not leave an engine behind.
  let onTestEnd: () => Promise<void> = async () => undefined;
  afterEach(() => onTestEnd());

  it(
    'loses nothing it acknowledged and counts nothing twice',
    async () => {
      const dataDir = mkdtempSync(join(tmpdir(), 'mosis-telemetry-kill-'));
      migrateTelemetry(dataDir);
      const storm = new Storm(dataDir);
      await storm.start();
      onTestEnd = () => {
        storm.abandoned = true;
        return storm.engine.kill();
      };
      const senders = Array.from({ length: SENDERS }, (_, sender) => storm.send(sender));
      const db = openPlainly(telemetryDatabasePath(dataDir));
      // What a drop takes was there when it was looked at last: partitions that may go are closed by then, and no erasure
      // is under way when retention runs.
      const kept = new Map<number, RawEventRow[]>();
      const look = () => {
        const rows = Map.groupBy(readRawEvents(db), ({ partition }) => partition);
        for (const { day } of listRawTables(db)) kept.set(day, rows.get(day) ?? []);
      };
      // Days enough that each further one makes a partition due to go.
      for (let day = 0; day < 9; day += 1) {
        await storm.pass(DAY_MS);
        await Promise.race([oneMoment(storm, 60), failureOf(senders)]);
      }
      for (let round = 0; storm.tally.kills < KILLS; round += 1) {
        await Promise.race([oneMoment(storm, 20 + storm.random() * 200), failureOf(senders)]);
        const work: Promise<unknown>[] = [];
        await storm.pass(storm.pick([HOUR_MS, DAY_MS, 2 * DAY_MS]));
        if (round % 2 === 1) {
          const packageId = `com.example.app${round % 3}`;
          const deviceId = `d${Math.floor(storm.random() * 9)}`;
          await storm.engine.ask('erase', { packageId, deviceId }).catch(() => undefined);
          work.push(storm.engine.ask('runErasures'));
        }
        if (round % 2 === 0) {
          look();
          work.push(
            storm.engine.ask<RetentionReport>('runRetention').then(({ dropped }) => {
              storm.tally.dropped += dropped.length;
            }),
          );
        }
        if (round % 5 === 2) work.push(storm.engine.ask('runAudit'));
        const allWork = Promise.allSettled(work);
        // Half the kills meet maintenance under way, the others ingest alone.
        if (round % 4 === 1 || round % 4 === 2) await Promise.race([allWork, oneMoment(storm, storm.random() * 60)]);
        else await allWork;
        await storm.kill();
        await allWork;
      }
      storm.stopped = true;
      await Promise.all(senders);
      await storm.engine.ask('runErasures');
      await storm.engine.ask('clock', { offsetMs: storm.offsetMs });
      const audit = await storm.engine.ask<AuditReport>('runAudit');
      await storm.engine.close();
      look();
      const rows = readRawEvents(db);
      const present = new Set(listRawTables(db).map(({ day }) => day));
      const erasedRows = db.prepare('SELECT coalesce(sum(rows_erased), 0) FROM erasures').pluck().get() as number;
      storm.tally.erasures = db.prepare(`SELECT count(*) FROM erasures`).pluck().get() as number;
      const gone = [...kept].flatMap(([day, dropped]) => (present.has(day) ? [] : dropped));
      const ledgers = db.prepare(`SELECT name FROM sqlite_schema WHERE name GLOB 'ledger_[0-9]*'`).pluck().all();
      const entries = ledgers.flatMap((table) =>
        db.prepare(`SELECT hex(batch_id) AS id, accepted FROM ${String(table)}`).all(),
      );
      const inLedger = new Map(
        (entries as { id: string; accepted: number }[]).map(({ id, accepted }) => [id, accepted]),
      );
      const lost = [...storm.recent()].filter(
        ([id, { accepted }]) => inLedger.get(id.replaceAll('-', '').toUpperCase()) !== accepted,
      );
      const differences = compareCoveredDays(db, gone);
      report({
        ...storm.tally,
        rows: rows.length,
        erasedRows,
        droppedRows: gone.length,
        lost: lost.length,
        doubled: rows.length + erasedRows + gone.length - storm.tally.events,
        auditedDays: audit.days.length,
        auditDifferences: audit.differences,
      });
      db.close();
      expect(lost).toEqual([]);
      expect(new Set(inLedger.keys()).size).toBe(entries.length);
      expect(audit.examples).toEqual([]);
      expect(differences).toEqual([]);
      expect(rows.length + erasedRows + gone.length).toBe(storm.tally.events);
      rmSync(dataDir, { recursive: true, force: true });
    },
    process.env.TELEMETRY_LONG ? 1_200_000 : 120_000,
  );
});

/** Lets some time pass; the kill must not depend on what the engine does meanwhile. */
async function oneMoment(storm: Storm, ms: number): Promise<void> {
  const until = performance.now() + ms;
  while (performance.now() < until && !storm.stopped) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function failureOf(senders: Promise<void>[]): Promise<never> {
  await Promise.race(senders);
  throw new Error('a sender ended');
}
