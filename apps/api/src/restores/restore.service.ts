import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  assertRestoreSpace,
  BackupDamagedError,
  databaseFileName,
  findMomentBefore,
  getLitestream,
  planRestore,
  RestoreDirectory,
  restoreDatabase,
  sumObjectBytes,
  type DatabaseName,
  type PlannedRestore,
  type ReadFreeBytes,
} from '@mosis/backup';
import { readCoreMigrations } from '@mosis/db';
import { parseObjectStoreUrl } from '@mosis/object-store';
import { lookThrough } from '@mosis/sqlite';
import { reconcileRestoredTelemetry, type RestoredTelemetry } from '@mosis/telemetry';
import { AuditHead } from '../audit/audit-head.js';
import type { ChainEnd } from '../audit/audit-chain.js';
import type { Clock } from '../common/clock.js';
import type { Settings } from '../config/settings.js';
import { findNewestEnd, restoreNewestCore, type Newest } from './newest-core.js';
import { describeLosses } from './describe-restore.js';
import { RestoredObjectsService, type ObjectsToRestore } from './restored-objects.service.js';
import { describeDamage, walkRestoredChain } from './check-core.js';
import { RestoredCoreRepository } from './restored-core.repository.js';
import type {
  MadeSince,
  ReconciledCore,
  RestoredAudit,
  RestoredDatabase,
  RestoreReport,
  RestoreRequest,
  RestoreStep,
  UndoneChange,
} from './restore.types.js';
import { UndoneChangesRepository } from './undone-changes.repository.js';

const REPORT_FILE = 'restore-report.json';

/** What could not be restored, or must not be. The directory is as it was before. */
export class RestoreError extends Error {
  override readonly name = 'RestoreError';
}

interface Parts {
  settings: Settings;
  clock: Clock;
  onStep?: (step: RestoreStep) => void;
  signal?: AbortSignal | undefined;
  /** How much room there is; tests say otherwise. */
  readFreeBytes?: ReadFreeBytes;
}

/** Makes a data directory out of a backup: databases, objects, and what has to be put right between them. */
export class RestoreService {
  private readonly warnings: string[] = [];

  constructor(private readonly parts: Parts) {}

  /**
   * Restores to an empty directory, which is whole when this resolves and as it was before when it throws.
   *
   * @throws RestoreError, RestoreDirectoryError, DataDirLockedError, RestoreImpossibleError, RestoreSpaceError,
   *   BackupDamagedError, LitestreamMissingError, ObjectStoreError
   */
  async restore(request: RestoreRequest): Promise<RestoreReport> {
    const { settings, clock } = this.parts;
    const startedAt = performance.now();
    const now = clock.now();
    if (request.at && request.at > now)
      throw new RestoreError(`${request.at.toISOString()} is in the future; it is ${now.toISOString()} now.`);
    getLitestream(settings.backup.litestreamPath);
    const backup = parseObjectStoreUrl(settings.backup.location.url);
    if (backup.kind === 'directory' && `${request.to}/`.startsWith(`${backup.path}/`))
      throw new RestoreError(`${request.to} lies in the backup itself (${backup.path}). Name a folder elsewhere.`);
    const directory = await RestoreDirectory.claim(request.to);
    try {
      const report = await this.fill(directory, request);
      report.duration_ms = Math.round(performance.now() - startedAt);
      await writeFile(join(directory.staging, REPORT_FILE), `${JSON.stringify(report, null, 2)}\n`, { mode: 0o600 });
      await directory.finish(databaseFileName('core'));
      return report;
    } catch (error) {
      await directory.abandon();
      throw error;
    }
  }

  private async fill(directory: RestoreDirectory, request: RestoreRequest): Promise<RestoreReport> {
    const { settings, clock } = this.parts;
    const names: DatabaseName[] = request.coreOnly ? ['core'] : ['core', 'telemetry'];
    const plans = await this.step('looking at the backup', () =>
      planRestore(settings.backup.location, names, request.at),
    );
    await this.assertSpace(directory, request, plans);
    const databases = [await this.restoreOne(directory, 'core', plans.get('core')!)];
    const coreFile = join(directory.staging, databaseFileName('core'));
    const core = RestoredCoreRepository.open(coreFile);
    try {
      const audit = await this.step('checking core.db', () =>
        this.checkCore({ core, file: coreFile }, plans.get('core')!, databases),
      );
      // Not before: each is looked through while memory holds what was just written of it.
      const telemetryPlan = plans.get('telemetry');
      if (telemetryPlan) databases.push(await this.restoreOne(directory, 'telemetry', telemetryPlan));
      const newest = await this.findNewest(directory, plans.get('core')!, request);
      const objects = new RestoredObjectsService({ ...this.parts, core });
      const target = objects.open(directory, this.hasStoreOutside);
      try {
        const restored = await this.step('objects', (note) =>
          objects.restore(target, { putObjects: request.putObjects ?? false, note }),
        );
        const telemetry = request.coreOnly ? null : await this.reconcileTelemetry(directory, target, databases);
        const known = await findNewestEnd(newest, audit.end, settings.dataDir);
        const { reconciled, undone, made, end } = await this.step('reconciling', async () =>
          this.reconcile(core, coreFile, newest, { request, databases, known }),
        );
        await new AuditHead(directory.staging).write(end);
        this.warnings.push(...describeLosses(restored, known, audit.end));
        return {
          restored_at: clock.timestamp(),
          directory: directory.path,
          backup: settings.backup.location.url,
          requested_moment: request.at?.toISOString() ?? null,
          databases,
          compared_with: newest.is === 'this' ? null : newest.moment,
          objects: restored,
          core: reconciled,
          audit: { rows: audit.rows + 1, last_seq: end.seq, last_hash: end.hash, newest_known: known },
          telemetry: telemetry && this.describeTelemetry(telemetry, core),
          undone,
          made_since: made,
          warnings: this.warnings,
          duration_ms: 0,
        };
      } finally {
        await target.store.close();
      }
    } finally {
      core.close();
    }
  }

  /** Databases, the newest core.db that is compared with, and objects where they lie inside. */
  private async assertSpace(
    directory: RestoreDirectory,
    request: RestoreRequest,
    plans: ReadonlyMap<DatabaseName, PlannedRestore>,
  ): Promise<void> {
    const { settings, readFreeBytes } = this.parts;
    let bytes = [...plans.values()].reduce((sum, { snapshotBytes }) => sum + snapshotBytes, 0);
    if (request.at) bytes += plans.get('core')?.snapshotBytes ?? 0;
    if (!this.hasStoreOutside) bytes += await sumObjectBytes(settings.backup.location);
    await assertRestoreSpace(directory.path, bytes, readFreeBytes);
  }

  /** Whether objects lie in a store of their own. */
  private get hasStoreOutside(): boolean {
    const { objectStoreUrl, dataDir } = this.parts.settings;
    return objectStoreUrl !== defaultStoreUrl(dataDir);
  }

  private async restoreOne(
    directory: RestoreDirectory,
    database: DatabaseName,
    plan: PlannedRestore,
  ): Promise<RestoredDatabase> {
    const { location, litestreamPath } = this.parts.settings.backup;
    const file = databaseFileName(database);
    const to = join(directory.staging, file);
    const startedAt = performance.now();
    const moment = await this.step(file, (note) => {
      note(`as of ${plan.moment.at.toISOString()}, ${plan.moment.segments.length} changes after the snapshot`);
      return restoreDatabase({
        location,
        database,
        to,
        at: plan.moment.timestamp,
        history: plan.history,
        binary: litestreamPath,
        signal: this.parts.signal,
      });
    });
    if (moment.warning) this.warnings.push(`${file}: ${moment.warning}.`);
    return {
      database,
      moment: moment.at.toISOString(),
      generation: moment.generation,
      bytes: (await stat(to)).size,
      restored_in_ms: Math.round(performance.now() - startedAt),
      checked_in_ms: 0,
    };
  }

  private async checkCore(
    { core, file }: { core: RestoredCoreRepository; file: string },
    { history, moment }: PlannedRestore,
    databases: readonly RestoredDatabase[],
  ): Promise<{ rows: number; end: ChainEnd }> {
    const startedAt = performance.now();
    const known = new Set(readCoreMigrations().map(({ name }) => name));
    // Damage of the disk that was read for a snapshot is in that snapshot; one before it need not have it.
    const unsound = (problem: string) =>
      new BackupDamagedError('core', problem, findMomentBefore(history, moment.snapshot.at));
    // What an unsound file says of its audit chain means nothing.
    const [looked, walked] = await Promise.allSettled([
      lookThrough(file, { signal: this.parts.signal }),
      walkRestoredChain(core, file),
    ]);
    if (looked.status === 'rejected') throw looked.reason;
    const damage = describeDamage(looked.value);
    if (damage !== undefined) throw unsound(`what came back is not sound (${damage})`);
    const newer = core.listMigrations().find((name) => !known.has(name));
    if (newer)
      throw new RestoreError(
        `This core.db was written by a newer version of Mosis (${newer}). Restore with that version.`,
      );
    if (walked.status === 'rejected') throw walked.reason;
    const { rows, end, problem } = walked.value;
    if (problem) throw unsound(`its audit chain is broken (${problem})`);
    noteChecked(databases, 'core', startedAt);
    return { rows, end };
  }

  private async findNewest(
    directory: RestoreDirectory,
    plan: PlannedRestore,
    request: RestoreRequest,
  ): Promise<Newest> {
    if (!request.at) return { is: 'this', moment: plan.moment.at.toISOString() };
    const { newest, warning } = await this.step('the newest core.db, to compare with', () =>
      restoreNewestCore(directory, plan, this.parts),
    );
    if (warning !== undefined) this.warnings.push(warning);
    return newest;
  }

  private async reconcileTelemetry(
    directory: RestoreDirectory,
    { store }: ObjectsToRestore,
    databases: readonly RestoredDatabase[],
  ): Promise<RestoredTelemetry> {
    const startedAt = performance.now();
    const telemetry = await this.step('checking telemetry.db', () =>
      reconcileRestoredTelemetry(join(directory.staging, databaseFileName('telemetry')), store),
    );
    if (telemetry.damage !== undefined)
      throw new BackupDamagedError('telemetry', `what came back is not sound (${telemetry.damage})`);
    noteChecked(databases, 'telemetry', startedAt);
    return telemetry;
  }

  private reconcile(
    core: RestoredCoreRepository,
    coreFile: string,
    newest: Newest,
    about: { request: RestoreRequest; databases: readonly RestoredDatabase[]; known: RestoredAudit['newest_known'] },
  ): { reconciled: ReconciledCore; undone: UndoneChange[]; made: MadeSince | null; end: ChainEnd } {
    let undone: UndoneChange[] = [];
    let made: MadeSince | null = null;
    if (newest.is === 'other') {
      const comparison = UndoneChangesRepository.open(coreFile, newest.file);
      undone = comparison.listUndone();
      made = comparison.countMadeSince();
      comparison.close();
    }
    const momentOf = (name: DatabaseName) => about.databases.find(({ database }) => database === name)?.moment ?? null;
    const { core: reconciled, end } = core.reconcile(newest, this.parts.clock.timestamp(), (done) => ({
      actor_kind: 'command_line',
      actor_id: null,
      credential_id: null,
      action: 'database.restored',
      subject_kind: 'database',
      subject_id: databaseFileName('core'),
      request_id: null,
      data: JSON.stringify({
        requested: about.request.at?.toISOString() ?? null,
        core_moment: momentOf('core'),
        telemetry_moment: momentOf('telemetry'),
        sessions_ended: done.sessions_ended,
        tokens_ended: done.tokens_ended,
        newest_known_seq: about.known?.seq ?? null,
        newest_known_hash: about.known?.hash ?? null,
      }),
    }));
    return { reconciled, undone, made, end };
  }

  private describeTelemetry(telemetry: RestoredTelemetry, core: RestoredCoreRepository): RestoreReport['telemetry'] {
    return {
      raw_events: telemetry.rawEvents,
      exported_again: telemetry.exportedAgain,
      exports_unknown: telemetry.exportsUnknown,
      erasures_to_replay: telemetry.erasuresToReplay,
      apps_unknown_to_core: telemetry.packageIds.filter((packageId) => !core.isPackageIdKnown(packageId)),
    };
  }

  private async step<Result>(name: string, work: (note: (detail: string) => void) => Promise<Result>): Promise<Result> {
    const { onStep, signal } = this.parts;
    signal?.throwIfAborted();
    const startedAt = performance.now();
    onStep?.({ name });
    const result = await work((detail) => onStep?.({ name, detail }));
    onStep?.({ name, durationMs: performance.now() - startedAt });
    return result;
  }
}

function noteChecked(databases: readonly RestoredDatabase[], name: DatabaseName, startedAt: number): void {
  const checked = databases.find(({ database }) => database === name);
  if (checked) checked.checked_in_ms = Math.round(performance.now() - startedAt);
}

/** Where objects lie when nothing else is set: inside of the data directory. */
function defaultStoreUrl(dataDir: string): string {
  return pathToFileURL(join(dataDir, 'objects')).href;
}
