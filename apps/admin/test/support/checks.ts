import { randomUUID } from 'node:crypto';
import { coreDatabasePath } from '@mosis/db';
import { closeWriter, openWriter } from '@mosis/sqlite';
import type { Stage } from './stage.js';

/** How another run of a check ended, or that it has not. */
export interface CheckRun {
  name: string;
  status: 'failed' | 'queued';
  code?: string;
  detail?: string;
  evidence?: Record<string, unknown>[];
}

/**
 * Lets checks of a version run once more, as a later and stricter release would: beside the server, into its file. Uploads
 * themselves are refused unless every check has passed.
 */
export function rerunChecks(stage: Stage, version: Record<string, unknown>, runs: readonly CheckRun[]): void {
  // The WAL is Litestream's.
  const db = openWriter(coreDatabasePath(stage.data.path), { autoCheckpoint: false });
  try {
    const insert = db.prepare(
      `INSERT INTO check_results (id, version_id, package_sha256, name, required, run, status, code, detail, evidence, started_at, finished_at)
       VALUES (@id, @versionId, @sha256, @name, 1, 2, @status, @code, @detail, @evidence, @startedAt, @finishedAt)`,
    );
    const startedAt = new Date().toISOString();
    for (const { name, status, code, detail, evidence } of runs) {
      insert.run({
        id: randomUUID(),
        versionId: version.id,
        sha256: version.package_sha256,
        name,
        status,
        code: code ?? null,
        detail: detail ?? null,
        evidence: evidence ? JSON.stringify(evidence) : null,
        startedAt,
        finishedAt: status === 'queued' ? null : startedAt,
      });
    }
  } finally {
    closeWriter(db);
  }
}
