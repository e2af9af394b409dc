import { Inject, Injectable } from '@nestjs/common';
import type { BackupProblem, BackupStatus, LitestreamSupervisor } from '@mosis/backup';
import type { BackupResource } from './backups.schemas.js';
import { SUPERVISOR } from './supervisor.token.js';

/** How the backups are, in numbers and in plain words for what is wrong. */
@Injectable()
export class BackupsService {
  constructor(@Inject(SUPERVISOR) private readonly supervisor: LitestreamSupervisor | null) {}

  /** What was last seen; `undefined` where nothing is backed up by design. */
  status(): BackupStatus | undefined {
    return this.supervisor?.status();
  }

  /** Looks at the files and at the replica now; `null` where nothing is backed up by design. */
  async report(): Promise<BackupReport | null> {
    const status = await this.supervisor?.inspect();
    return status ? reportBackup(status) : null;
  }

  /** Only what is wrong. */
  findProblems(): BackupProblem[] {
    return this.status()?.problems ?? [];
  }

  /** The status as the API writes it. */
  resource(): BackupResource | null {
    const status = this.status();
    return status ? describeBackup(status) : null;
  }
}

/** The status with what is wrong, for the command line; the API lists problems of all kinds together. */
export type BackupReport = BackupResource & { problems: BackupProblem[] };

/** A backup's status with what is wrong. */
export function reportBackup(status: BackupStatus): BackupReport {
  return { ...describeBackup(status), problems: status.problems };
}

/** A backup's status as the API and `--json` write it. */
export function describeBackup(status: BackupStatus): BackupResource {
  return {
    available: status.available,
    litestream_version: status.litestreamVersion,
    location: status.location,
    restarts: status.restarts,
    same_device: status.sameDevice,
    databases: status.databases.map((database) => ({
      database: database.database,
      state: database.state,
      healthy: database.healthy,
      trouble: database.trouble,
      snapshotting: database.snapshotting,
      generation: database.generation,
      position: database.position,
      lag_bytes: database.lagBytes,
      lag_seconds: Math.round(database.lagSeconds * 10) / 10,
      wal_bytes: database.walBytes,
      shadow_bytes: database.shadowBytes,
      snapshots: database.snapshots,
      segments: database.segments,
      restorable_since: database.restorableSince?.toISOString() ?? null,
      checked_at: database.checkedAt?.toISOString() ?? null,
      generations: database.generations,
    })),
    warnings: status.warnings,
  };
}
