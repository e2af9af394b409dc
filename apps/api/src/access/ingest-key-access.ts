import { Injectable, type OnModuleInit } from '@nestjs/common';
import { CoreDatabase } from '@mosis/db';
import { AppError } from '../common/app-error.js';
import { RequestLimits } from '../limits/request-limits.js';
import { AccessRepository } from './access.repository.js';

/** The app that an ingest key sends for. */
export interface IngestGrant {
  keyId: string;
  appId: string;
  packageId: string;
}

type Finding = IngestGrant | 'suspended' | undefined;

const WELL_FORMED = /^mi_[0-9A-Za-z]{32}$/;
/** A key that is in use costs a query after each commit; what is remembered is bounded, so that no sender can fill it. */
const MAX_REMEMBERED = 10_000;

/**
 * Tells whom an ingest key sends for, many thousand times a second: what was found is remembered until core.db changes, so
 * a revocation or a suspension counts from its commit on.
 */
@Injectable()
export class IngestKeyAccess implements OnModuleInit {
  private remembered = new Map<string, Promise<Finding>>();

  constructor(
    private readonly db: CoreDatabase,
    private readonly repository: AccessRepository,
    private readonly limits: RequestLimits,
  ) {}

  onModuleInit(): void {
    // A look-up that began before the commit lands in the map that is thrown away here.
    this.db.onCommit(() => (this.remembered = new Map()));
  }

  /**
   * The app of a key as it came in `X-Ingest-Key`. Only refused requests count towards the limit of the address.
   *
   * @throws AppError `invalid-ingest-key`, `app-suspended`, `rate-limited`
   */
  async authenticate(key: string | string[] | undefined, address: string): Promise<IngestGrant> {
    const finding = typeof key === 'string' && WELL_FORMED.test(key) ? await this.find(key) : undefined;
    if (typeof finding === 'object') return finding;
    await this.limits.countRequest(address);
    if (finding === 'suspended')
      throw new AppError(
        'app-suspended',
        'The app or its developer is suspended. Keep what is queued; ask once a day.',
      );
    throw new AppError(
      'invalid-ingest-key',
      key === undefined
        ? 'Send the app’s ingest key as "X-Ingest-Key: mi_…".'
        : 'The ingest key is unknown or was revoked. Keep what is queued; ask once a day.',
    );
  }

  private find(key: string): Promise<Finding> {
    const known = this.remembered.get(key);
    if (known) return known;
    const remembered = this.remembered;
    const looked = this.lookUp(key);
    if (remembered.size >= MAX_REMEMBERED) remembered.delete(remembered.keys().next().value ?? '');
    remembered.set(key, looked);
    looked.catch(() => remembered.delete(key));
    return looked;
  }

  private async lookUp(key: string): Promise<Finding> {
    const row = await this.repository.findIngestKey(key);
    if (!row || row.revoked_at !== null || row.developer_deleted_at !== null) return undefined;
    if (row.app_suspended_at !== null || row.developer_suspended_at !== null) return 'suspended';
    return { keyId: row.id, appId: row.app_id, packageId: row.package_id };
  }
}
