import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openObjectCopies, restoreObjects, type RestoreDirectory } from '@mosis/backup';
import {
  createObjectStore,
  findMissing,
  findNamedDigest,
  iconKey,
  packageKey,
  type ObjectStore,
} from '@mosis/object-store';
import type { Settings } from '../config/settings.js';
import type { RestoredCoreRepository } from './restored-core.repository.js';
import type { RestoredObjects } from './restore.types.js';

/** Where the objects of a restored directory are going to be. */
export interface ObjectsToRestore {
  store: ObjectStore;
  /** The store is one of its own, and may hold everything still. */
  outside: boolean;
  scratchDir: string;
}

/** Brings the objects back that a restored core.db names, and what telemetry and the audit log keep as objects. */
export class RestoredObjectsService {
  constructor(
    private readonly parts: { settings: Settings; core: RestoredCoreRepository; signal?: AbortSignal | undefined },
  ) {}

  open(directory: RestoreDirectory, outside: boolean): ObjectsToRestore {
    const { settings } = this.parts;
    const url = outside ? settings.objectStoreUrl : pathToFileURL(join(directory.staging, 'objects')).href;
    const s3 = { ...settings.s3, forcePathStyle: settings.s3.endpoint !== undefined };
    return { store: createObjectStore({ url, s3 }), outside, scratchDir: directory.scratch };
  }

  /**
   * Fills a store inside of the directory. In one outside, only looks for what is named, and puts back what is missing when
   * asked to.
   *
   * @throws ObjectStoreError when the backup or the store cannot be reached
   */
  async restore(
    { store, outside, scratchDir }: ObjectsToRestore,
    { putObjects, note }: { putObjects: boolean; note: (detail: string) => void },
  ): Promise<RestoredObjects> {
    await mkdir(scratchDir, { recursive: true, mode: 0o750 });
    const source = openObjectCopies(this.parts.settings.backup.location);
    try {
      const report: RestoredObjects = {
        store: outside ? store.describe() : 'objects/',
        restored: { objects: 0, bytes: 0 },
        left_in_backup: { objects: 0, bytes: 0 },
        missing: [],
        damaged: [],
      };
      if (!outside || putObjects) {
        const icons = this.parts.core.listIcons();
        const { restored, left, damaged } = await restoreObjects({
          source,
          target: store,
          scratchDir,
          isWanted: (key) => this.isWanted(key, icons),
          onlyMissing: outside,
          onProgress: (done, total) =>
            note(`${done.objects} of ${total.objects} (${mebibytes(done.bytes)} of ${mebibytes(total.bytes)})`),
          signal: this.parts.signal,
        });
        Object.assign(report, { restored, left_in_backup: left, damaged });
      }
      const damaged = new Set(report.damaged);
      for (const { prefix, keys } of this.namedObjects()) {
        for await (const key of findMissing(store, prefix, keys)) {
          this.parts.signal?.throwIfAborted();
          if (!damaged.has(key)) report.missing.push(key);
        }
      }
      return report;
    } finally {
      await source.close();
    }
  }

  /** Packages and icons only when something names them; everything else is named by telemetry, or names itself. */
  private isWanted(key: string, icons: ReadonlySet<string>): boolean {
    const sha256 = findNamedDigest(key);
    if (sha256 !== undefined && key === packageKey(sha256)) return this.parts.core.isPackageNamed(sha256);
    if (sha256 !== undefined && key === iconKey(sha256)) return icons.has(sha256);
    return true;
  }

  /** What core.db names, in ascending order of the keys under each prefix. */
  private namedObjects(): { prefix: string; keys: Iterable<string> }[] {
    const { core } = this.parts;
    const packages = function* () {
      for (const sha256 of core.listPackages()) yield packageKey(sha256);
    };
    return [
      { prefix: 'packages/', keys: packages() },
      { prefix: 'icons/', keys: [...core.listIcons()].map(iconKey).sort() },
      { prefix: 'audit/', keys: core.listAuditSegments().sort() },
    ];
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
