import { z } from 'zod';

const count = z.number().int();
const notice = z.object({ code: z.string(), detail: z.string() });

export const databaseBackupSchema = z
  .object({
    database: z.enum(['core', 'telemetry']),
    state: z
      .enum(['replicating', 'waiting', 'suspended', 'off', 'idle'])
      .describe(
        'waiting: Litestream is dead and will be started again; suspended: given up for now; off: no Litestream; idle: no server runs.',
      ),
    healthy: z.boolean().nullable().describe('Restorable, reachable and not late; null before the first look.'),
    trouble: z
      .object({
        kind: z.enum(['missing', 'stopped', 'suspended', 'late', 'unreachable', 'broken']),
        detail: z.string(),
      })
      .nullable(),
    snapshotting: z.boolean(),
    generation: z.string().nullable(),
    position: z.string().nullable().describe('Where the replica ends: number of the WAL, and byte.'),
    lag_bytes: count.describe('Written here and not on the replica.'),
    lag_seconds: z.number().describe('Age of the oldest write that is not on the replica.'),
    wal_bytes: count,
    shadow_bytes: count.describe('What Litestream keeps beside the database until the replica has it.'),
    snapshots: count,
    segments: count,
    restorable_since: z.string().nullable().describe('Any moment since then can be restored.'),
    checked_at: z.string().nullable().describe('When the replica was last listed.'),
    generations: count.describe('Generations begun since the process started.'),
  })
  .meta({ id: 'DatabaseBackup' });

export const backupSchema = z.object({
  available: z.boolean().describe('Whether this platform has Litestream.'),
  litestream_version: z.string(),
  location: z.string(),
  restarts: count,
  same_device: z.boolean().describe('Data and backups lie on one device.'),
  databases: z.array(databaseBackupSchema),
  warnings: z.array(notice),
});

export type BackupResource = z.output<typeof backupSchema>;
