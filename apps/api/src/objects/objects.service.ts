import { Inject, Injectable, Logger } from '@nestjs/common';
import { CoreDatabase, type CoreTransaction } from '@mosis/db';
import { findNamedDigest, iconKey, packageKey, type ObjectStore } from '@mosis/object-store';
import { Clock } from '../common/clock.js';
import { KeyedMutex } from '../common/keyed-mutex.js';
import { OBJECT_STORE } from './object-store.token.js';
import { ObjectsRepository } from './objects.repository.js';

/** A stored object that is not what it should be. */
export interface DamagedObject {
  sha256: string;
  problem: string;
}

/** What hashing all objects again came to. */
export interface ObjectsReport {
  checked: number;
  damaged_count: number;
  /** The first of them. */
  damaged: DamagedObject[];
}

/** Where a whole store is missing, its first thousand objects say enough, and the report is read with every health check. */
const MOST_NAMED = 1_000;
const DRILL_PAGE = 200;
const TEMPORARY_FILE_AGE_MS = 60 * 60 * 1000;

/** Stores objects together with the rows that name them, so that neither is left without the other. */
@Injectable()
export class ObjectsService {
  private readonly logger = new Logger('objects');
  private readonly mutex = new KeyedMutex();

  constructor(
    private readonly db: CoreDatabase,
    private readonly repository: ObjectsRepository,
    private readonly clock: Clock,
    @Inject(OBJECT_STORE) readonly store: ObjectStore,
  ) {}

  /**
   * Stores an object, then runs `work` in a transaction that must make a row name it. The object is recorded as pending
   * before it is stored; when the process dies in between, the next start finds the record and removes the object.
   *
   * @throws what `put` or `work` throws, after the object has been removed again
   */
  async storeNamed<Result>(
    key: string,
    sha256: string,
    put: () => Promise<unknown>,
    work: (trx: CoreTransaction) => Promise<Result>,
  ): Promise<Result> {
    // Without the lock, one upload could remove the object that another one of the same bytes has just named.
    return this.mutex.run(key, async () => {
      const pendingId = await this.db.write((trx) => this.repository.addPending(trx, key, this.clock.timestamp()));
      try {
        await put();
        return await this.db.write(async (trx) => {
          const result = await work(trx);
          await this.repository.removePending(trx, pendingId);
          return result;
        });
      } catch (error) {
        await this.discard(pendingId, key, sha256);
        throw error;
      }
    });
  }

  /** Removes what a killed process left behind: objects that no row names, and temporary files of the store. */
  async cleanUp(): Promise<void> {
    for (const { id, object_key } of await this.repository.listPending()) {
      const sha256 = /([0-9a-f]{64})/.exec(object_key)?.[1];
      if (sha256) await this.mutex.run(object_key, () => this.discard(id, object_key, sha256));
    }
    await this.store.sweep?.(TEMPORARY_FILE_AGE_MS);
  }

  /** Removes objects that no row names any more. */
  async discardUnnamed(keys: readonly { key: string; sha256: string }[]): Promise<void> {
    for (const { key, sha256 } of keys) {
      await this.mutex.run(key, async () => {
        if (!(await this.isNamed(key, sha256))) await this.store.delete(key);
      });
    }
  }

  /**
   * Hashes every package and icon that a row names again and answers which are not what their name says.
   *
   * @throws ObjectStoreError when the store as a whole does not do its part
   */
  async findDamagedObjects(
    onProgress?: (checked: number) => void,
    { mostNamed = MOST_NAMED } = {},
  ): Promise<ObjectsReport> {
    const report: ObjectsReport = { checked: 0, damaged_count: 0, damaged: [] };
    const note = (sha256: string, problem: string | undefined) => {
      report.checked += 1;
      if (!problem) return;
      report.damaged_count += 1;
      if (report.damaged.length < mostNamed) report.damaged.push({ sha256, problem });
    };
    for (let after = ''; ;) {
      const page = await this.repository.listPackages(after, DRILL_PAGE);
      for (const { package_sha256, package_size } of page) {
        const find = this.findPackageProblem(package_sha256, package_size);
        note(package_sha256, await this.orUnreadable(find));
      }
      onProgress?.(report.checked);
      const last = page.at(-1);
      if (!last || page.length < DRILL_PAGE) break;
      after = last.package_sha256;
    }
    const icons = new Set<string>();
    for (const table of ['apps', 'app_revisions'] as const) {
      for (let after = ''; ;) {
        const page = await this.repository.listIcons(table, after, DRILL_PAGE);
        for (const { icon_sha256 } of page) {
          // One icon lies behind an app and each of its snapshots.
          if (icons.has(icon_sha256)) continue;
          icons.add(icon_sha256);
          note(icon_sha256, await this.orUnreadable(this.findProblem(iconKey(icon_sha256), icon_sha256)));
        }
        onProgress?.(report.checked);
        const last = page.at(-1);
        if (!last || page.length < DRILL_PAGE) break;
        after = last.id;
      }
    }
    return report;
  }

  /** What is wrong with a stored package, or `undefined` when its bytes are those of its digest. */
  async findPackageProblem(sha256: string, sizeBytes: number): Promise<string | undefined> {
    return this.findProblem(packageKey(sha256), sha256, sizeBytes);
  }

  /** That an object cannot be read is a problem of it when the store can be worked with, and must not hide those of others. */
  private async orUnreadable(problem: Promise<string | undefined>): Promise<string | undefined> {
    try {
      return await problem;
    } catch (error) {
      await this.store.check();
      return `it cannot be read: ${(error as Error).message}`;
    }
  }

  private async findProblem(key: string, sha256: string, sizeBytes?: number): Promise<string | undefined> {
    try {
      const actual = await this.store.hash(key);
      if (actual.sha256 !== sha256) return `its bytes have the digest ${actual.sha256}`;
      if (sizeBytes !== undefined && actual.sizeBytes !== sizeBytes)
        return `it has ${actual.sizeBytes} bytes instead of ${sizeBytes}`;
      return undefined;
    } catch (error) {
      if ((error as { code?: string }).code === 'object-not-found') return 'it is missing from the object store';
      throw error;
    }
  }

  /** Whether a row of core.db names the package, icon or audit segment with this key. */
  async isKeyNamed(key: string): Promise<boolean> {
    const sha256 = findNamedDigest(key);
    if (sha256 !== undefined && [packageKey(sha256), iconKey(sha256)].includes(key)) return this.isNamed(key, sha256);
    return this.repository.isSegmentNamed(key);
  }

  private async isNamed(key: string, sha256: string): Promise<boolean> {
    return key === packageKey(sha256) ? this.repository.isPackageNamed(sha256) : this.repository.isIconNamed(sha256);
  }

  private async discard(pendingId: string, key: string, sha256: string): Promise<void> {
    try {
      if (!(await this.isNamed(key, sha256))) await this.store.delete(key);
      await this.db.write((trx) => this.repository.removePending(trx, pendingId));
    } catch (error) {
      // The record stays, so the next start tries again.
      this.logger.warn({ msg: 'could not remove an unnamed object', 'object.key': key, err: error });
    }
  }
}
