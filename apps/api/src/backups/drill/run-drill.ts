import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DATABASES, databaseFileName, restoreDatabase } from '@mosis/backup';
import { coreDatabasePath } from '@mosis/db';
import { createObjectStore } from '@mosis/object-store';
import { openReader } from '@mosis/sqlite/connection';
import { telemetryDatabasePath } from '@mosis/telemetry';
import { formatBytes, plural } from '../../common/format.js';
import { checkDatabase } from './check-database.js';
import { checkObjects } from './check-objects.js';
import { checkAuditChain, checkInvariants } from './check-platform.js';
import { checkRawRows, recountRollups } from './check-telemetry.js';
import { compareCounts, countRows } from './count-rows.js';
import { FILE_OF, type DrillFindings, type DrillMessage, type DrillRequest, type RowCounts } from './drill.types.js';
import { serveRestored } from './serve-restored.js';

/** How many copies are reported in one message. */
const REPORTED_AT_ONCE = 200;

type LiveCounts = Record<(typeof DATABASES)[number], RowCounts>;

/** Counts the rows of the live databases. */
export function countLive(dataDir: string): LiveCounts {
  return { core: countRows(coreDatabasePath(dataDir)), telemetry: countRows(telemetryDatabasePath(dataDir)) };
}

/**
 * Restores both databases and proves what came back, in the order of what the next step builds on. The live data is only
 * read. `before` was counted before the markers were written, which are on the replica by now.
 */
export async function runDrill(
  request: DrillRequest,
  before: LiveCounts,
  tell: (message: DrillMessage) => void,
): Promise<DrillFindings> {
  const { dataDir, scratch, location, all, nowMs } = request;
  const findings: DrillFindings = { failures: [], checks: [], restoredBytes: 0, rtoSeconds: null, objectsHashed: 0 };
  const note = (name: string, failures: string[], detail: string) => {
    findings.failures.push(...failures);
    findings.checks.push({ name, detail: failures.length === 0 ? detail : (failures[0] as string) });
    tell({ kind: 'step' });
  };

  const { lost, damaged, restoreSeconds } = await restoreAll(request);
  if (lost.length > 0) {
    note('restore', lost, '');
    return findings;
  }
  for (const database of DATABASES) findings.restoredBytes += statSync(join(scratch, databaseFileName(database))).size;
  note('restore', [], `${Math.round(restoreSeconds * 10) / 10} s for ${formatBytes(findings.restoredBytes)}`);

  note(
    'databases',
    damaged,
    'no damaged page, no forbidden row, no dangling reference, and the row written just before came back',
  );
  // Nothing can be said of a file that cannot be read.
  if (damaged.some((failure) => / is damaged| cannot be read/.test(failure))) return findings;

  const restored = countLive(scratch);
  const miscounted = DATABASES.flatMap((name) =>
    compareCounts(FILE_OF[name], restored[name], before[name], (tables) =>
      countRows(join(dataDir, databaseFileName(name)), tables),
    ),
  );
  const rows = Object.values(restored).flatMap((counts) => Object.values(counts));
  note('row counts', miscounted, `${rows.reduce((total, count) => total + count, 0)} rows in ${rows.length} tables`);

  note(
    'invariants',
    checkInvariants(coreDatabasePath(scratch)),
    'what is published was reviewed, and the rest of them',
  );

  const copies = createObjectStore({
    url: `${location.url.replace(/\/+$/, '')}/objects`,
    ...(location.s3 ? { s3: location.s3 } : {}),
  });
  try {
    const chain = await checkAuditChain(coreDatabasePath(scratch), copies, request.auditHead);
    note('audit chain', chain.failures, `${chain.rows} rows, from the first to the head`);
    const verified: { key: string; sha256: string }[] = [];
    const report = (atLeast: number) => {
      if (verified.length >= atLeast) tell({ kind: 'copies-verified', copies: verified.splice(0) });
    };
    const objects = await checkObjects({
      restoredDir: scratch,
      dataDir,
      copies,
      all,
      nowMs,
      onVerified: ({ key, sha256 }) => {
        verified.push({ key, sha256 });
        report(REPORTED_AT_ONCE);
      },
      onDamaged: (key) => tell({ kind: 'copy-damaged', key }),
    });
    report(1);
    findings.objectsHashed = objects.hashed;
    note('objects', objects.failures, `${objects.named} named, ${objects.hashed} of them hashed`);
  } finally {
    await copies.close();
  }

  const raw = checkRawRows(scratch, restored.telemetry);
  note('events', raw.failures, `${raw.rows} events are those that were acknowledged`);
  const served = await serveRestored(scratch, countPublished(scratch));
  if (served.failures.length === 0) findings.rtoSeconds = restoreSeconds + served.seconds;
  note('server', served.failures, `answered ${Math.round(served.seconds * 10) / 10} s after its start`);
  const recount = await recountRollups(scratch, { all, nowMs });
  note('roll-ups', recount.failures, `${plural(recount.days, 'day')} counted anew`);
  return findings;
}

/** Each database is looked through while memory holds what was just written of it: gigabytes read by the page take hours. */
async function restoreAll({
  scratch,
  location,
  litestream,
  marker,
}: DrillRequest): Promise<{ lost: string[]; damaged: string[]; restoreSeconds: number }> {
  const found = { lost: [] as string[], damaged: [] as string[], restoreSeconds: 0 };
  for (const database of DATABASES) {
    const to = join(scratch, databaseFileName(database));
    try {
      const startedMs = performance.now();
      await restoreDatabase({ location, database, to, ...(litestream === undefined ? {} : { binary: litestream }) });
      found.restoreSeconds += (performance.now() - startedMs) / 1000;
    } catch (error) {
      found.lost.push(`${FILE_OF[database]} cannot be restored: ${(error as Error).message}`);
      continue;
    }
    found.damaged.push(...(await checkDatabase(to, database, marker)));
  }
  return found;
}

function countPublished(dir: string): number {
  const db = openReader(coreDatabasePath(dir));
  try {
    return db
      .prepare(
        `SELECT count(*) FROM apps a JOIN developers d ON d.id = a.developer_id
          WHERE a.status = 'published' AND a.withdrawn_at IS NULL AND d.suspended_at IS NULL`,
      )
      .pluck()
      .get() as number;
  } finally {
    db.close();
  }
}
