import { Inject, Injectable } from '@nestjs/common';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { packageKey } from '@mosis/object-store';
import { readEntry } from '@mosis/package';
import type { Actor } from '../access/actor.js';
import { notFound } from '../common/app-error.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { ObjectsService } from '../objects/objects.service.js';
import { VersionsRepository } from './versions.repository.js';
import type { PackageFile } from './versions.schemas.js';
import { VersionsService } from './versions.service.js';

/** The largest file of a package that is shown by itself; larger ones are in the package. */
const MAX_SHOWN_BYTES = 32 * 1024 * 1024;

/** Packages and the files in them, for owners and reviewers. */
@Injectable()
export class PackageFilesService {
  constructor(
    private readonly versions: VersionsService,
    private readonly repository: VersionsRepository,
    private readonly objects: ObjectsService,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** The package itself. @throws AppError `not-found` */
  async openPackage(
    actor: Actor,
    packageId: string,
    versionCode: string,
  ): Promise<{ stream: Readable; sizeBytes: number; sha256: string; fileName: string }> {
    const version = await this.versions.getReadable(actor, packageId, versionCode);
    const { stream, sizeBytes } = await this.objects.store.open(packageKey(version.package_sha256));
    return {
      stream,
      sizeBytes,
      sha256: version.package_sha256,
      fileName: `${version.package_id}-${version.version_code}.mosis`,
    };
  }

  /** What the package holds. @throws AppError `not-found` */
  async list(actor: Actor, packageId: string, versionCode: string): Promise<{ items: PackageFile[] }> {
    const version = await this.versions.getReadable(actor, packageId, versionCode);
    const { files } = await this.repository.getContent(version.id);
    return { items: JSON.parse(files) as PackageFile[] };
  }

  /** One file of the package, whole. @throws AppError `not-found` */
  async read(
    actor: Actor,
    packageId: string,
    versionCode: string,
    path: string,
  ): Promise<{ bytes: Buffer; fileName: string }> {
    const version = await this.versions.getReadable(actor, packageId, versionCode);
    const file = await this.repository.findFile(version.id, path);
    if (!file || file.size_bytes > MAX_SHOWN_BYTES) throw notFound('file');
    const scratch = join(this.settings.dataDir, 'tmp');
    const bytes = await this.objects.store.withLocalFile(packageKey(version.package_sha256), scratch, async (local) => {
      const { stream } = await readEntry(local, path);
      return Buffer.concat(await stream.toArray());
    });
    return { bytes, fileName: path.split('/').at(-1) ?? 'file' };
  }
}
