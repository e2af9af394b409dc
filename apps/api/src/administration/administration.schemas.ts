import { z } from 'zod';
import { appSchema } from '../apps/apps.schemas.js';
import { backupDrillSchema } from '../backups/backup-drill.schemas.js';
import { backupSchema } from '../backups/backups.schemas.js';
import { objectBackupSchema } from '../backups/object-mirror.schemas.js';
import { pageQueryFields } from '../common/pagination.js';
import { paragraphs } from '../common/text.js';
import { developerSchema } from '../accounts/accounts.schemas.js';

export const reasonSchema = z.strictObject({ reason: paragraphs(1_000).pipe(z.string().min(1, 'must not be empty')) });
export const developersQuery = z.strictObject({
  ...pageQueryFields,
  q: z
    .string()
    .max(100)
    .optional()
    .describe('Part of a name or e-mail address; a whole address finds its account alone.'),
  role: z.enum(['developer', 'reviewer', 'admin']).optional(),
});
export const adminAppsQuery = z.strictObject({
  ...pageQueryFields,
  q: z.string().max(100).optional().describe('Part of a package id or name.'),
  status: z.enum(['draft', 'published', 'suspended']).optional(),
  developer_id: z.string().max(36).optional(),
});
export const auditQuery = z.strictObject({
  ...pageQueryFields,
  action: z.string().max(100).optional(),
  actor_id: z.string().max(36).optional(),
  subject_kind: z.string().max(50).optional(),
  subject_id: z.string().max(64).optional(),
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
});
export const updateDeveloperSchema = z.strictObject({
  verified: z.boolean().optional(),
  role: z.enum(['developer', 'reviewer', 'admin']).optional(),
});

export const adminAppSchema = appSchema
  .extend({ developer: z.object({ id: z.string(), name: z.string(), email: z.string() }) })
  .meta({ id: 'AdminApp' });
export const adminDeveloperSchema = developerSchema
  .extend({ deleted_at: z.string().nullable() })
  .meta({ id: 'AdminDeveloper' });

export const auditRowSchema = z
  .object({
    seq: z.number().int(),
    occurred_at: z.string(),
    actor_kind: z.string(),
    actor_id: z.string().nullable(),
    credential_id: z.string().nullable(),
    action: z.string(),
    subject_kind: z.string(),
    subject_id: z.string(),
    data: z.record(z.string(), z.unknown()),
    request_id: z.string().nullable(),
    hash: z.string(),
  })
  .meta({ id: 'AuditRow' });

const count = z.number().int();
const telemetrySchema = z
  .object({
    writer: z.object({
      uploads: count,
      events: count,
      commits: count,
      refused: z.record(z.string(), count),
      waiting_uploads: count,
      waiting_bytes: count,
      rollup_lag_ms: z.number(),
      restarts: count,
    }),
    database_bytes: count,
    wal_bytes: count,
    free_bytes: count,
    partitions: count,
    raw_rows: count,
    oldest_partition: z.string().nullable(),
    archive_waiting: count.describe('Days without a verified columnar copy.'),
    export_waiting: count.describe('Days whose export is not current.'),
    clock_jump_ms: z.number(),
  })
  .meta({ id: 'SystemTelemetry' });

export const systemSchema = z
  .object({
    version: z.string(),
    node_version: z.string(),
    sqlite_version: z.string(),
    started_at: z.string(),
    uptime_seconds: z.number().int(),
    memory: z.object({ resident_bytes: z.number().int(), heap_used_bytes: z.number().int() }),
    database: z.object({
      size_bytes: z.number().int(),
      wal_bytes: z.number().int(),
      migrations: z.array(z.object({ name: z.string(), state: z.string(), applied_at: z.string().nullable() })),
    }),
    disk: z.object({ free_bytes: z.number().int(), total_bytes: z.number().int() }),
    object_store: z.string(),
    mail: z.enum(['smtp', 'outbox']),
    reviews: z.object({ pending: z.number().int(), overdue: z.number().int(), oldest_due_at: z.string().nullable() }),
    audit: z.object({ last_seq: z.number().int(), last_verified: z.unknown() }),
    package_drill: z.unknown().describe('The last nightly run that hashed every published package again.'),
    jobs: z.array(z.object({ kind: z.string(), state: z.string(), count: z.number().int() })),
    repeating_jobs: z
      .array(
        z.object({
          kind: z.string(),
          state: z.enum(['done', 'failed', 'running', 'queued']),
          last_run_at: z.string().nullable(),
          result: z.unknown(),
          error: z.string().nullable(),
          next_run_at: z.string().nullable(),
        }),
      )
      .describe('Work that repeats: how it last ended, and when it runs next.'),
    telemetry: telemetrySchema,
    backup: backupSchema
      .extend({
        objects: objectBackupSchema.nullable().describe('Copies of objects.'),
        last_drill: backupDrillSchema.nullable().describe('The last verification: a full restore, and what it proved.'),
      })
      .meta({ id: 'SystemBackup' })
      .nullable(),
    problems: z.array(z.object({ code: z.string(), detail: z.string() })),
  })
  .meta({ id: 'System' });

export type SystemReport = z.output<typeof systemSchema>;
export type AdminAppResource = z.output<typeof adminAppSchema>;
export type AdminDeveloperResource = z.output<typeof adminDeveloperSchema>;
