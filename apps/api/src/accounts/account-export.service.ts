import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Actor } from '../access/actor.js';
import { ApiKeysService } from '../api-keys/api-keys.service.js';
import { AppsService } from '../apps/apps.service.js';
import { Clock } from '../common/clock.js';
import { walkPages } from '../common/pagination.js';
import { SigningKeysService } from '../signing-keys/signing-keys.service.js';
import { AccountsRepository, type AuditRow } from './accounts.repository.js';
import { ProfileService } from './profile.service.js';

const AUDIT_PAGE = 500;
/** The newest so many pages. */
const MAX_AUDIT_PAGES = 20;

/** An account's data for its owner. All of it may be hundreds of megabytes, so it is read and sent page by page. */
@Injectable()
export class AccountExportService {
  constructor(
    private readonly profile: ProfileService,
    private readonly repository: AccountsRepository,
    private readonly apiKeys: ApiKeysService,
    private readonly signingKeys: SigningKeysService,
    private readonly apps: AppsService,
    private readonly clock: Clock,
  ) {}

  /** Everything the platform holds about the actor as the text of one JSON object, secrets' hashes left out. */
  async open(actor: Actor): Promise<Readable> {
    const id = actor.developerId;
    const sessions = await this.repository.listSessions(id);
    const members = {
      exported_at: this.clock.timestamp(),
      developer: await this.profile.get(actor),
      api_keys: await this.apiKeys.exportOf(id),
      signing_keys: await this.signingKeys.exportOf(id),
      sessions: sessions.map(({ created_at, last_seen_at, expires_at }) => ({ created_at, last_seen_at, expires_at })),
    };
    return Readable.from(
      writeJson(members, {
        apps: this.apps.exportApps(id),
        versions: this.apps.exportVersions(id),
        reviews: this.apps.exportReviews(id),
        audit_log: this.exportAudit(id),
      }),
    );
  }

  private async *exportAudit(developerId: string): AsyncGenerator<object[]> {
    let pages = 0;
    for await (const rows of walkPages(AUDIT_PAGE, (last?: AuditRow) =>
      this.repository.listAuditOf(developerId, last, AUDIT_PAGE),
    )) {
      yield rows.map(({ seq: _seq, ...row }) => ({ ...row, data: JSON.parse(row.data) as unknown }));
      pages += 1;
      if (pages === MAX_AUDIT_PAGES) return;
    }
  }
}

/** The text of an object with these members and these lists, in pieces; others are answered between them. */
async function* writeJson(
  members: Record<string, unknown>,
  lists: Record<string, AsyncIterable<readonly object[]>>,
): AsyncGenerator<string> {
  yield JSON.stringify(members).slice(0, -1);
  for (const [name, pages] of Object.entries(lists)) {
    yield `,${JSON.stringify(name)}:[`;
    let separator = '';
    for await (const page of pages) {
      yield separator + page.map((item) => JSON.stringify(item)).join(',');
      separator = ',';
      await setImmediate();
    }
    yield ']';
  }
  yield '}';
}
