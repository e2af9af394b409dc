import { statSync } from 'node:fs';
import { join } from 'node:path';
import { coreDatabasePath } from '@mosis/db';
import { openReader } from '@mosis/sqlite';
import { AUDIT_HEAD_FILE } from '../audit/audit-head.js';
import { MINUTE_MS } from '../common/clock.js';
import type { Settings } from '../config/settings.js';
import { fail, ok, warn, type Finding } from './finding.js';

/** No release is older than this year. */
const FIRST_YEAR = 2026;
const LAST_YEAR = 2100;
/** Small steps back are what time servers do. */
const TOLERATED_MS = 5 * MINUTE_MS;
const STORE_WARN_MS = 30_000;
/** Amazon refuses signatures from 15 minutes on. */
const STORE_FAIL_MS = 10 * MINUTE_MS;
const STORE_TIMEOUT_MS = 5_000;
const SET_CLOCK = 'Set the clock, and let a time server keep it (NTP).';

/** Whether the clock is sane, and not behind what was written before. */
export function checkClock(settings: Settings, now: Date): Finding {
  const year = now.getUTCFullYear();
  if (year < FIRST_YEAR || year > LAST_YEAR) return fail('clock', `it says ${now.toISOString()}`, SET_CLOCK);
  const newest = listWrittenTimes(settings.dataDir).reduce((one, other) => (other.timeMs > one.timeMs ? other : one), {
    what: 'nothing',
    timeMs: 0,
  });
  const behindMs = newest.timeMs - now.getTime();
  if (behindMs > TOLERATED_MS)
    return fail(
      'clock',
      `it says ${now.toISOString()}, but ${newest.what} is of ${new Date(newest.timeMs).toISOString()}: the clock went back`,
      SET_CLOCK,
    );
  return ok('clock', `${now.toISOString()}, not behind anything that was written`);
}

/** How far the clock is from that of the object store; only asked when there is an S3 one. */
export async function checkStoreClock(settings: Settings, now: () => Date): Promise<Finding[]> {
  if (!settings.objectStoreUrl.startsWith('s3:')) return [];
  const endpoint = settings.s3.endpoint ?? `https://s3.${settings.s3.region}.amazonaws.com`;
  try {
    const answer = await fetch(endpoint, { method: 'HEAD', signal: AbortSignal.timeout(STORE_TIMEOUT_MS) });
    const date = Date.parse(answer.headers.get('date') ?? '');
    if (Number.isNaN(date))
      return [warn('object store', `${endpoint} answers without a Date`, 'Nothing to do, unless uploads fail.')];
    // The header has whole seconds.
    const offsetMs = Math.abs(now().getTime() - date);
    const detail = `${endpoint} answers; its clock and ours differ by ${Math.round(offsetMs / 1000)} s`;
    if (offsetMs > STORE_FAIL_MS)
      return [fail('object store', detail, `It refuses signatures of the wrong time. ${SET_CLOCK}`)];
    return [offsetMs > STORE_WARN_MS ? warn('object store', detail, SET_CLOCK) : ok('object store', detail)];
  } catch (error) {
    const { message, cause } = error as Error;
    const why = cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : message;
    return [
      fail(
        'object store',
        `${endpoint} cannot be reached: ${why}`,
        'Check S3_ENDPOINT and the network: packages cannot be stored or read.',
      ),
    ];
  }
}

function listWrittenTimes(dataDir: string): { what: string; timeMs: number }[] {
  const files = ['core.db', 'core.db-wal', 'telemetry.db', 'telemetry.db-wal', AUDIT_HEAD_FILE].flatMap((name) => {
    const found = statSync(join(dataDir, name), { throwIfNoEntry: false });
    return found ? [{ what: name, timeMs: found.mtimeMs }] : [];
  });
  const audit = findLastAuditTime(coreDatabasePath(dataDir));
  return audit === undefined ? files : [...files, { what: 'the last row of the audit log', timeMs: audit }];
}

function findLastAuditTime(file: string): number | undefined {
  try {
    const reader = openReader(file);
    try {
      const time = reader.prepare('SELECT occurred_at FROM audit_logs ORDER BY seq DESC LIMIT 1').pluck().get();
      return time === undefined ? undefined : Date.parse(time as string);
    } finally {
      reader.close();
    }
  } catch {
    // Not there yet, or not readable: that is the business of another check.
    return undefined;
  }
}
