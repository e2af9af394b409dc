import { existsSync, statSync, statfsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { coreDatabasePath } from '@mosis/db';
import { telemetryDatabasePath } from '@mosis/telemetry';
import { formatBytes } from '../common/format.js';
import type { Settings } from '../config/settings.js';
import { findExisting, identifyFileSystem, type ReadFileSystemType } from './file-system.js';
import { fail, ok, warn, type Finding } from './finding.js';
import { measureSyncs, type SyncSpeed } from './sync-speed.js';

const SLOW_SYNC_MS = 25;
const VERY_SLOW_SYNC_MS = 250;
/** Less than this no disk and no flash needs: it answers from a cache. */
const CACHED_SYNC_MS = 0.03;
const LOW_DISK_BYTES = 1024 ** 3;

/** What kind of file system the data lies on. */
export function checkFileSystem(settings: Settings, readType?: ReadFileSystemType): Finding {
  const { name, verdict, reason } = identifyFileSystem(settings.dataDir, readType);
  const detail = reason === undefined ? name : `${name}: ${reason}`;
  if (verdict === 'fine') return ok('file system', detail);
  if (verdict === 'refused' && !settings.allowNetworkFileSystem)
    return fail('file system', detail, 'Move DATA_DIR to a volume of this machine; a start on this one is refused.');
  return warn('file system', detail, 'Better move DATA_DIR to a volume of this machine: ext4, Btrfs, XFS or ZFS.');
}

/** What to do when nothing can be written, where it is not a matter of rights. */
const ADVICE: Record<string, string> = {
  ENOSPC: 'The volume is full: make room on it.',
  EROFS: 'The volume is mounted read-only: mount it for writing.',
};

/** How fast the volume of the data syncs, and what that means. */
export function checkSyncs(settings: Settings): Finding {
  if (!existsSync(settings.dataDir)) return ok('sync speed', 'not measured: DATA_DIR is not there yet');
  try {
    return judgeSyncs(measureSyncs(settings.dataDir));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return fail(
      'sync speed',
      message,
      ADVICE[code ?? ''] ?? 'Make DATA_DIR writable for the user that runs the server.',
    );
  }
}

/** What a speed means. */
export function judgeSyncs({ samples, medianMs, slowestMs }: SyncSpeed): Finding {
  const figure = (ms: number) => `${ms < 10 ? ms.toFixed(2) : Math.round(ms)} ms`;
  const perSecond = Math.max(1, Math.round(1000 / Math.max(medianMs, 0.01))).toLocaleString('en');
  const detail = `median ${figure(medianMs)} of ${samples}, slowest ${figure(slowestMs)}: each answered write waits for one, so about ${perSecond} a second, one after the other`;
  if (medianMs > VERY_SLOW_SYNC_MS)
    return warn(
      'sync speed',
      detail,
      'Something is wrong with this volume, or it is very busy: look at its health first.',
    );
  if (medianMs > SLOW_SYNC_MS)
    return warn(
      'sync speed',
      detail,
      'Uploads and reviews will feel slow. Put DATA_DIR on an SSD, or give the volume a write cache with a battery.',
    );
  if (medianMs < CACHED_SYNC_MS)
    return warn(
      'sync speed',
      `${detail}. No disk is that fast: a cache answers`,
      'Make sure that this cache survives a power cut; in a virtual machine, set its disk to write-through.',
    );
  return ok('sync speed', detail);
}

/** Free space, held against what there is. */
export function checkSpace(settings: Settings, freeBytes = measureFree(settings.dataDir)): Finding {
  const core = sizeOf(coreDatabasePath(settings.dataDir));
  const telemetry = sizeOf(telemetryDatabasePath(settings.dataDir));
  const detail = `${formatBytes(freeBytes)} free; core.db ${formatBytes(core)}, telemetry.db ${formatBytes(telemetry)}`;
  if (freeBytes < settings.telemetry.minFreeBytes)
    return fail(
      'free space',
      detail,
      `Make room: below ${formatBytes(settings.telemetry.minFreeBytes)} telemetry and packages are refused, and soon every write.`,
    );
  const wanted = [
    { bytes: LOW_DISK_BYTES, what: 'Make room: below 1 GiB the server says that it is degraded.' },
    { bytes: 3 * core, what: 'Make room: a migration needs three times the size of core.db.' },
    { bytes: core + telemetry, what: 'Make room: restoring a backup beside the data needs as much as both databases.' },
  ];
  const missing = wanted.find(({ bytes }) => freeBytes < bytes);
  return missing ? warn('free space', detail, missing.what) : ok('free space', detail);
}

/** Whether backups survive the disk of the data. */
export function checkBackupPlace(settings: Settings): Finding {
  const { url } = settings.backup.location;
  if (!url.startsWith('file:')) return ok('backup place', url);
  const path = fileURLToPath(url);
  const device = (folder: string) => statSync(findExisting(folder)).dev;
  if (device(path) !== device(settings.dataDir)) return ok('backup place', path);
  return warn(
    'backup place',
    `${path} is on the same device as the data`,
    'Set BACKUP_URL to another volume, a NAS folder or a bucket: a broken disk takes both.',
  );
}

function measureFree(folder: string): number {
  const { bavail, bsize } = statfsSync(findExisting(folder));
  return bavail * bsize;
}

function sizeOf(file: string): number {
  return [file, `${file}-wal`].reduce((sum, each) => sum + (statSync(each, { throwIfNoEntry: false })?.size ?? 0), 0);
}
