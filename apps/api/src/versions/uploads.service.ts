import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Readable } from 'node:stream';
import { newId, type CoreRow } from '@mosis/db';
import { packageKey } from '@mosis/object-store';
import { PackageError, type VerifiedPackage } from '@mosis/package';
import { actorKey, type Actor } from '../access/actor.js';
import { ApiKeysService } from '../api-keys/api-keys.service.js';
import { AppsService } from '../apps/apps.service.js';
import { ListingsService } from '../apps/listings.service.js';
import { AuditService, auditActor } from '../audit/audit.service.js';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { formatBytes } from '../common/format.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { IdempotencyService } from '../idempotency/idempotency.service.js';
import { RequestLimits } from '../limits/request-limits.js';
import { ObjectsService } from '../objects/objects.service.js';
import { SigningKeysService } from '../signing-keys/signing-keys.service.js';
import { PackageVerifier } from './package-verifier.js';
import { UploadReceiver, type ReceivedUpload } from './upload-receiver.js';
import { VersionsRepository } from './versions.repository.js';
import type { VersionResource } from './versions.schemas.js';
import { VersionsService } from './versions.service.js';

/** A package on its way in. */
export interface Upload {
  body: Readable;
  /** Content-Length, when the client sent one. */
  declaredBytes?: number | undefined;
  idempotencyKey?: string | string[] | undefined;
}

/** The stored version, and whether this is the repeated answer of an earlier upload. */
export interface UploadAnswer {
  version: VersionResource;
  replayed: boolean;
}

/** Brings a package in: to disk, through every required check, into the object store, and only then into a row. */
@Injectable()
export class UploadsService {
  private readonly logger = new Logger('uploads');

  constructor(
    private readonly apps: AppsService,
    private readonly listings: ListingsService,
    private readonly versions: VersionsService,
    private readonly repository: VersionsRepository,
    private readonly receiver: UploadReceiver,
    private readonly verifier: PackageVerifier,
    private readonly signingKeys: SigningKeysService,
    private readonly apiKeys: ApiKeysService,
    private readonly objects: ObjectsService,
    private readonly idempotency: IdempotencyService,
    private readonly limits: RequestLimits,
    private readonly audit: AuditService,
    private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /**
   * Stores an uploaded package as a draft.
   *
   * @throws PackageError for each rule of the format; AppError `manifest-id-mismatch`, `version-code-not-higher`,
   *   `package-rejected`, `package-too-large`, `draft-bytes-limit-reached`, and those of idempotency keys
   */
  async upload(actor: Actor, packageId: string, upload: Upload): Promise<UploadAnswer> {
    const app = await this.apps.getOwnChangeable(actor, packageId);
    await this.limits.consume('upload/developer', actor.developerId);
    const scope = this.idempotency.scopeOf(
      upload.idempotencyKey,
      actorKey(actor),
      `POST /v1/apps/${app.package_id}/versions`,
    );
    const first = scope && (await this.idempotency.begin(scope, null));
    try {
      const { body, declaredBytes } = upload;
      // What is larger than any package is refused as that.
      const expectedBytes = Math.min(declaredBytes ?? 0, this.settings.packageLimits.packedBytes);
      if (!first) await this.assertRoomForDrafts(actor, expectedBytes);
      return await this.receiver.receive({ body, declaredBytes, developerId: actor.developerId }, async (received) => {
        if (first) {
          this.idempotency.compare(first, received.sha256);
          return { version: first.body as VersionResource, replayed: true };
        }
        return { version: await this.accept(actor, app, received, scope), replayed: false };
      });
    } catch (error) {
      if (scope && !first) await this.idempotency.abandon(scope);
      throw error;
    }
  }

  private async accept(
    actor: Actor,
    app: CoreRow<'apps'>,
    received: ReceivedUpload,
    scope: ReturnType<IdempotencyService['scopeOf']>,
  ): Promise<VersionResource> {
    await this.assertRoomForDrafts(actor, received.sizeBytes);
    const verified = await this.verify(app, received);
    const { manifest, sha256 } = verified;
    if (manifest.id !== app.package_id) {
      throw new AppError(
        'manifest-id-mismatch',
        `The package says it is ${manifest.id}, but was uploaded for ${app.package_id}.`,
      );
    }
    const versionId = newId();
    const key = packageKey(sha256);
    const resource = await this.objects.storeNamed(
      key,
      sha256,
      () =>
        this.objects.store.putFile(key, received.file, {
          sha256,
          contentType: 'application/octet-stream',
          consume: true,
        }),
      async (trx) => {
        // The app may have been suspended, deleted or moved on while the package was verified.
        const current = await this.apps.getOwnChangeable(actor, app.package_id, trx);
        if (await this.repository.wasRejected(trx, current.id, sha256)) {
          throw new AppError(
            'package-rejected',
            'These very bytes were rejected. Mend what the reviewer named and upload a new version.',
          );
        }
        if (manifest.version_code <= current.highest_version_code) {
          throw new AppError(
            'version-code-not-higher',
            `version_code ${manifest.version_code} is not higher than ${current.highest_version_code}, the highest so far. Codes are never used again.`,
          );
        }
        if (!(await this.repository.isKeyActive(trx, verified.signedBy))) {
          throw new AppError('signing-key-inactive', 'The signing key was deactivated while the package was verified.');
        }
        await this.insert(trx, current.id, versionId, verified);
        await this.audit.append(trx, auditActor(actor), {
          action: 'version.uploaded',
          subject: { kind: 'version', id: versionId },
          data: {
            app_id: current.id,
            version_code: manifest.version_code,
            package_sha256: sha256,
            signing_key_id: verified.signedBy,
          },
        });
        const version = await this.versions.getResource(versionId, trx);
        if (scope) await this.idempotency.finish(trx, scope, sha256, { statusCode: 201, body: version });
        return version;
      },
    );
    if (verified.icon) await this.adoptIcon(actor, app, verified.icon);
    return resource;
  }

  /** Uploads of one developer that are under way at once may exceed it by what they bring. */
  private async assertRoomForDrafts(actor: Actor, sizeBytes: number): Promise<void> {
    const { draftsMaxBytes } = this.settings;
    if ((await this.repository.sumUndecidedBytes(actor.developerId)) + sizeBytes <= draftsMaxBytes) return;
    throw new AppError(
      'draft-bytes-limit-reached',
      `Packages that are drafts or in review have at most ${formatBytes(draftsMaxBytes)} together. Delete drafts that you do not need (withdraw those in review first), or wait for reviews.`,
    );
  }

  /** The version is stored by now: an icon that cannot be taken over is no reason to say that it is not. */
  private async adoptIcon(actor: Actor, app: CoreRow<'apps'>, icon: Buffer): Promise<void> {
    try {
      await this.listings.adoptPackageIcon(actor, app, icon);
    } catch (error) {
      this.logger.warn({ msg: 'could not take over the icon of a package', 'app.id': app.id, err: error });
    }
  }

  private async verify(app: CoreRow<'apps'>, received: ReceivedUpload): Promise<VerifiedPackage> {
    try {
      const verified = await this.verifier.verify(
        received.file,
        await this.signingKeys.listVerifying(app.developer_id),
      );
      if (verified.sha256 !== received.sha256)
        throw new Error('The file that was verified is not the one that arrived.');
      return verified;
    } catch (error) {
      if (error instanceof PackageError && error.secrets) {
        await this.apiKeys.revokeLeaked(
          error.secrets,
          app.package_id,
          error.path ?? error.evidence?.[0]?.path ?? 'a file',
        );
      }
      throw error;
    }
  }

  private async insert(
    trx: Parameters<VersionsRepository['insert']>[0],
    appId: string,
    versionId: string,
    verified: VerifiedPackage,
  ): Promise<void> {
    const now = this.clock.timestamp();
    const { manifest } = verified;
    await this.repository.insert(trx, {
      id: versionId,
      app_id: appId,
      version_code: manifest.version_code,
      version_name: manifest.version,
      package_url: `/v1/store/packages/${verified.sha256}`,
      package_size: verified.sizeBytes,
      package_sha256: verified.sha256,
      signature: verified.signature.toString('base64'),
      signing_key_id: verified.signedBy,
      permissions: JSON.stringify(manifest.permissions),
      min_mosis_version: manifest.min_mosis_version,
      manifest: JSON.stringify(manifest),
      files: JSON.stringify(
        verified.entries.map(({ path, sizeBytes, sha256 }) => ({ path, size_bytes: sizeBytes, sha256 })),
      ),
      created_at: now,
      updated_at: now,
    });
    for (const check of verified.checks) {
      const evidence = check.name === 'archive' && verified.notes.length > 0 ? verified.notes : check.evidence;
      await this.repository.insertCheck(trx, {
        id: newId(),
        version_id: versionId,
        package_sha256: verified.sha256,
        name: check.name,
        required: 1,
        run: 1,
        status: check.status,
        code: check.code ?? null,
        detail: check.detail ?? null,
        evidence: evidence ? JSON.stringify(evidence) : null,
        started_at: now,
        finished_at: now,
      });
    }
  }
}
