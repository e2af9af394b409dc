import { z } from 'zod';

export const backupDrillSchema = z
  .object({
    id: z.string(),
    state: z.enum(['passed', 'failed']),
    started_at: z.string(),
    finished_at: z.string(),
    duration_seconds: z.number(),
    rpo_seconds: z.number().nullable().describe('From a commit until the replica of both databases had it.'),
    rto_seconds: z
      .number()
      .nullable()
      .describe('From the beginning of the restore to the first answer of a server on what came back.'),
    restored_bytes: z.number().int(),
    objects_hashed: z.number().int(),
    checks: z.array(z.object({ name: z.string(), detail: z.string() })),
    failures: z.array(z.string()).describe('What is wrong, in words.'),
  })
  .meta({ id: 'BackupDrill' });

export type BackupDrillResource = z.output<typeof backupDrillSchema>;
