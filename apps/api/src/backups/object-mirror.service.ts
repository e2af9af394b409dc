import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { ObjectMirror, MirrorStatus } from '@mosis/backup';
import { plural } from '../common/format.js';
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../common/clock.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { JobsService } from '../jobs/jobs.service.js';
import { ObjectsService } from '../objects/objects.service.js';
import { OBJECT_MIRROR } from './object-mirror.token.js';
import type { ObjectBackupResource } from './object-mirror.schemas.js';

/** Copies what was missed, and removes what nobody can ask for any more. */
export const MIRROR_JOB = 'backup.mirror';

/** After a start, once the first requests are served. */
const SOON_MS = 5 * SECOND_MS;
/** A copy takes moments; what waits this long waits for somebody to act. */
const LATE_MS = 5 * MINUTE_MS;
/** Beyond the past that the databases can go back to, so that no moment of it lacks its objects. */
const KEEP_LONGER_DAYS = 1;

/** The copies of packages, icons, exports and audit segments in the backup. */
@Injectable()
export class ObjectMirrorService implements OnModuleInit {
  private readonly logger = new Logger('backup');

  constructor(
    private readonly jobs: JobsService,
    private readonly objects: ObjectsService,
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(OBJECT_MIRROR) private readonly mirror: ObjectMirror | null,
  ) {}

  onModuleInit(): void {
    if (!this.mirror) return;
    this.jobs.register(MIRROR_JOB, () => this.run(), { everyMs: DAY_MS, afterStartMs: SOON_MS, lane: 'slow' });
    this.mirror.start();
  }

  /** Compares both sides, queues what differs, and removes copies of objects that are gone for the keeping time. */
  async run() {
    if (!this.mirror) return null;
    const compared = await this.mirror.catchUp();
    const keepMs = (this.settings.backup.retentionDays + KEEP_LONGER_DAYS) * DAY_MS;
    const { removed, named } = await this.mirror.prune(keepMs, (key) => this.objects.isKeyNamed(key));
    if (named.length > 0)
      this.logger.error({
        msg: 'objects that the database names are gone from the object store; their copies in the backup are kept',
        objects: named.length,
        'object.key': named[0],
      });
    return { ...compared, removed, kept_though_gone: named.length };
  }

  /** How the copies stand; `undefined` where nothing is backed up by design. */
  status(): MirrorStatus | undefined {
    return this.mirror?.status();
  }

  /** The same as the API writes it. */
  resource(): ObjectBackupResource | null {
    const status = this.status();
    if (!status) return null;
    return {
      location: status.location,
      copies: status.copies,
      bytes: status.bytes,
      waiting: status.waiting,
      oldest_waiting_seconds: Math.round(status.oldestWaitingSeconds),
      copied: status.copied,
      failures: status.failures,
      last_error: status.lastError,
      compared_at: status.comparedAt?.toISOString() ?? null,
    };
  }

  /** Only what is wrong. */
  findProblems(): { code: string; detail: string }[] {
    const status = this.status();
    if (!status || status.oldestWaitingSeconds * 1_000 < LATE_MS) return [];
    const minutes = Math.round((status.oldestWaitingSeconds * 1_000) / MINUTE_MS);
    const why = status.lastError === null ? 'they are being copied' : status.lastError;
    return [
      {
        code: 'backup-objects-late',
        detail: `${plural(status.waiting, 'object is', 'objects are')} not in the backup, the oldest for ${minutes} minutes: ${why}`,
      },
    ];
  }
}
