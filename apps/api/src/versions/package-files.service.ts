import { Injectable } from '@nestjs/common';
import { Readable } from 'node:stream';
import type { Actor } from '../access/actor.js';
import { notFound } from '../common/app-error.js';
import { VerifiedObjectsService } from '../objects/verified-objects.service.js';
import { PackageFileReader, type OpenedFile } from './package-file-reader.js';
import { VersionsRepository } from './versions.repository.js';
import { VersionsService } from './versions.service.js';

/** The largest file of a package that is shown by itself; larger ones are in the package. */
const MAX_SHOWN_BYTES = 32 * 1024 * 1024;

/** How much of the list of files is read at a time; for each part the database goes through what is before it. */
const LIST_PART_BYTES = 256 * 1024;
/** What stands around the list, which is kept as the answer has it. */
const [LIST_HEAD, LIST_TAIL] = [Buffer.from('{"items":'), Buffer.from('}')];

/** Packages and the files in them, for owners and reviewers. */
@Injectable()
export class PackageFilesService {
  constructor(
    private readonly versions: VersionsService,
    private readonly repository: VersionsRepository,
    private readonly objects: VerifiedObjectsService,
    private readonly reader: PackageFileReader,
  ) {}

  /** The package itself, or of HEAD what there is to know of it. @throws AppError `not-found` */
  async openPackage(
    actor: Actor,
    packageId: string,
    versionCode: string,
    method: string,
  ): Promise<{ stream: Readable; sizeBytes: number; sha256: string; fileName: string }> {
    const version = await this.versions.getReadable(actor, packageId, versionCode);
    const expected = { sha256: version.package_sha256, sizeBytes: version.package_size };
    return {
      stream: await this.objects.openPackage(method, expected),
      sizeBytes: expected.sizeBytes,
      sha256: version.package_sha256,
      fileName: `${version.package_id}-${version.version_code}.mosis`,
    };
  }

  /**
   * What the package holds, as JSON. It is megabytes at worst, and who has asked for it need not take it, so it is read as
   * it is taken.
   *
   * @throws AppError `not-found`
   */
  async list(actor: Actor, packageId: string, versionCode: string): Promise<{ json: Readable; sizeBytes: number }> {
    const { id } = await this.versions.getReadable(actor, packageId, versionCode);
    const filesBytes = await this.repository.getFilesSize(id);
    return {
      json: Readable.from(this.readList(id, filesBytes), { objectMode: false }),
      sizeBytes: LIST_HEAD.length + filesBytes + LIST_TAIL.length,
    };
  }

  /**
   * One file of the package, or of HEAD what there is to know of it.
   *
   * @throws AppError `not-found`, `overloaded`; ObjectStoreError; PackageError when it cannot be unpacked
   */
  async openFile(
    actor: Actor,
    packageId: string,
    versionCode: string,
    path: string,
    request: { method: string; gone: AbortSignal },
  ): Promise<OpenedFile & { fileName: string }> {
    const version = await this.versions.getReadable(actor, packageId, versionCode);
    const file = await this.repository.findFile(version.id, path);
    if (!file || file.size_bytes > MAX_SHOWN_BYTES) throw notFound('file');
    const fileName = path.split('/').at(-1) ?? 'file';
    if (request.method === 'HEAD') {
      const expected = { sha256: version.package_sha256, sizeBytes: version.package_size };
      return {
        content: await this.objects.openPackage(request.method, expected),
        sizeBytes: file.size_bytes,
        fileName,
      };
    }
    return { ...(await this.reader.open(version.package_sha256, path, request.gone)), fileName };
  }

  private async *readList(versionId: string, filesBytes: number): AsyncGenerator<Buffer> {
    yield LIST_HEAD;
    for (let from = 0; from < filesBytes; from += LIST_PART_BYTES)
      yield await this.repository.readFilesPart(versionId, from, LIST_PART_BYTES);
    yield LIST_TAIL;
  }
}
