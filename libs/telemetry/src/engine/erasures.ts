import { randomUUID } from 'node:crypto';
import type { ObjectStore } from '@mosis/object-store';
import type { ScanThread } from '../scan/scan-thread.js';
import type { ErasureRow } from '../writer/erasure-steps.js';
import type { WriterThread } from '../writer/writer-thread.js';
import type { EngineLog, ErasureState } from './types.js';

/** Where erasures are written down outside of telemetry.db. */
export const ERASURE_LOG_PREFIX = 'telemetry/erasures/';
const MAX_LOG_BYTES = 4_096;
/** Rows one transaction deletes: uploads wait for it. */
const ROWS_PER_STEP = 5_000;

interface LoggedErasure {
  erasure: string;
  package_id: string;
  /** Hex; an HMAC under a key that only telemetry.db holds. */
  pseudonym: string;
  requested_at: string;
}

/** Forgets devices: step by step, going on after a kill, and again after a restore from a copy that still knew them. */
export class Erasures {
  #replayed = false;

  constructor(
    private readonly parts: {
      writer: WriterThread;
      scan: ScanThread;
      objects: ObjectStore;
      now: () => number;
      log: EngineLog;
    },
  ) {}

  /** Records that a device is to be forgotten; from here on it is nobody's id. */
  async request(packageId: string, deviceId: string): Promise<ErasureState> {
    const erasure = randomUUID();
    await this.parts.writer.call('beginErasure', { erasure, packageId, deviceId, requestedMs: this.parts.now() });
    const row = await this.parts.writer.call('findErasure', { erasure });
    return toState(row as ErasureRow);
  }

  async find(packageId: string, erasure: string): Promise<ErasureState | undefined> {
    const row = await this.parts.writer.call('findErasure', { erasure });
    return row?.package_id.toLowerCase() === packageId.toLowerCase() ? toState(row) : undefined;
  }

  /** Does what is left to do. Safe to run at any time, any number of times. @throws the first failure, after the rest */
  async run(): Promise<{ done: number }> {
    const failures = await this.#replay();
    let done = 0;
    for (const row of await this.parts.writer.call('listOpenErasures')) {
      try {
        if (row.logged_ms === null) await this.#writeDown(row);
        if (row.state !== 'running') continue;
        await this.#erase(row);
        done += 1;
      } catch (error) {
        // One that cannot be done now must not keep the others waiting; it is tried again with the next run.
        this.parts.log.error({ err: error, 'telemetry.erasure': row.erasure }, 'an erasure could not be done');
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
    return { done };
  }

  async #erase({ erasure, app, device }: ErasureRow): Promise<void> {
    if (device === null) return;
    for (const { day: partition } of await this.parts.writer.call('listPartitions')) {
      for (;;) {
        const { tally, ids } = await this.parts.scan.run('collectDeviceRows', {
          app,
          device,
          partition,
          limit: ROWS_PER_STEP,
        });
        if (ids.length === 0) break;
        await this.parts.writer.call('eraseRows', { erasure, partition, ids, tally });
        if (ids.length < ROWS_PER_STEP) break;
      }
    }
    await this.parts.writer.call('finishErasure', { erasure });
  }

  async #writeDown(row: ErasureRow): Promise<void> {
    const entry: LoggedErasure = {
      erasure: row.erasure,
      package_id: row.package_id,
      pseudonym: Buffer.from(row.pseudonym).toString('hex'),
      requested_at: new Date(row.requested_ms).toISOString(),
    };
    await this.parts.objects.putBytes(`${ERASURE_LOG_PREFIX}${row.erasure}.json`, Buffer.from(JSON.stringify(entry)), {
      contentType: 'application/json',
      replace: true,
    });
    await this.parts.writer.call('recordErasureLogged', { erasure: row.erasure });
  }

  /** Begins again what this file does not know of: it is older than the erasure. Answers why some could not be read. */
  async #replay(): Promise<unknown[]> {
    const failures: unknown[] = [];
    if (this.#replayed) return failures;
    const { writer, objects, log } = this.parts;
    for await (const { key } of objects.list(ERASURE_LOG_PREFIX)) {
      const erasure = key.slice(ERASURE_LOG_PREFIX.length, -'.json'.length);
      if (await writer.call('findErasure', { erasure })) continue;
      const entry = await this.#readLogged(key).catch((error: Error) => error);
      if (entry instanceof Error) {
        log.error({ err: entry, 'object.key': key }, 'an erasure that was written down cannot be read');
        failures.push(entry);
        continue;
      }
      await writer.call('beginErasure', {
        erasure: entry.erasure,
        packageId: entry.package_id,
        pseudonym: Buffer.from(entry.pseudonym, 'hex'),
        requestedMs: Date.parse(entry.requested_at),
      });
      log.warn({ 'telemetry.erasure': erasure }, 'this telemetry.db is older than an erasure, which is done again');
    }
    this.#replayed = failures.length === 0;
    return failures;
  }

  async #readLogged(key: string): Promise<LoggedErasure> {
    const { objects } = this.parts;
    return JSON.parse((await objects.readBytes(key, MAX_LOG_BYTES)).toString('utf8')) as LoggedErasure;
  }
}

function toState(row: ErasureRow): ErasureState {
  return {
    erasure: row.erasure,
    state: row.state,
    requested_at: new Date(row.requested_ms).toISOString(),
    done_at: row.done_ms === null ? null : new Date(row.done_ms).toISOString(),
    rows_erased: row.rows_erased,
  };
}
