import { Injectable } from '@nestjs/common';
import { CoreDatabase } from '@mosis/db';

/** Look-ups of credentials, one indexed query each. */
@Injectable()
export class AccessRepository {
  private readonly sessions: ReturnType<typeof prepareSessionQuery>;
  private readonly apiKeys: ReturnType<typeof prepareApiKeyQuery>;
  private readonly ingestKeys: ReturnType<typeof prepareIngestKeyQuery>;

  constructor(private readonly db: CoreDatabase) {
    this.sessions = prepareSessionQuery(db);
    this.apiKeys = prepareApiKeyQuery(db);
    this.ingestKeys = prepareIngestKeyQuery(db);
  }

  /** The session with this hash and the account behind it, as they are now. */
  async findSession(sessionHash: string) {
    return this.sessions.executeTakeFirst({ sessionHash });
  }

  /** The API key with this hash and the account behind it, as they are now. */
  async findApiKey(keyHash: string) {
    return this.apiKeys.executeTakeFirst({ keyHash });
  }

  /** The ingest key and the app behind it, as they are now. */
  async findIngestKey(key: string) {
    return this.ingestKeys.executeTakeFirst({ key });
  }

  /** Notes the use of sessions and keys, many at once. */
  async touch(
    sessions: ReadonlyMap<string, { lastSeenAt: string; expiresAt: string }>,
    keys: ReadonlyMap<string, string>,
  ): Promise<void> {
    await this.db.write(async (trx) => {
      for (const [id_hash, { lastSeenAt, expiresAt }] of sessions) {
        await trx
          .updateTable('sessions')
          .set({ last_seen_at: lastSeenAt, expires_at: expiresAt })
          .where('id_hash', '=', id_hash)
          .execute();
      }
      for (const [id, last_used_at] of keys) {
        await trx.updateTable('api_keys').set({ last_used_at }).where('id', '=', id).execute();
      }
    });
  }
}

function prepareSessionQuery(db: CoreDatabase) {
  return db.prepareRead(({ sessionHash }: { sessionHash: string }) =>
    db.read
      .selectFrom('sessions as s')
      .innerJoin('developers as d', 'd.id', 's.developer_id')
      .select([
        's.expires_at',
        's.last_seen_at',
        'd.id as developer_id',
        'd.role',
        'd.verified',
        'd.suspended_at',
        'd.deleted_at',
      ])
      .where('s.id_hash', '=', sessionHash),
  );
}

function prepareApiKeyQuery(db: CoreDatabase) {
  return db.prepareRead(({ keyHash }: { keyHash: string }) =>
    db.read
      .selectFrom('api_keys as k')
      .innerJoin('developers as d', 'd.id', 'k.developer_id')
      .select([
        'k.id',
        'k.permissions',
        'k.app_package_ids',
        'k.expires_at',
        'k.revoked_at',
        'k.last_used_at',
        'd.id as developer_id',
        'd.role',
        'd.verified',
        'd.suspended_at',
        'd.deleted_at',
      ])
      .where('k.key_hash', '=', keyHash),
  );
}

function prepareIngestKeyQuery(db: CoreDatabase) {
  return db.prepareRead(({ key }: { key: string }) =>
    db.read
      .selectFrom('ingest_keys as k')
      .innerJoin('apps as a', 'a.id', 'k.app_id')
      .innerJoin('developers as d', 'd.id', 'a.developer_id')
      .select([
        'k.id',
        'k.revoked_at',
        'a.id as app_id',
        'a.package_id',
        'a.suspended_at as app_suspended_at',
        'd.suspended_at as developer_suspended_at',
        'd.deleted_at as developer_deleted_at',
      ])
      .where('k.key', '=', key),
  );
}
