import { z } from 'zod';

const count = z.number().int();

export const objectBackupSchema = z
  .object({
    location: z.string(),
    copies: count,
    bytes: count,
    waiting: count.describe('Objects whose copy is missing or out of date.'),
    oldest_waiting_seconds: z.number(),
    copied: count.describe('Copies made since the process started.'),
    failures: count.describe('Attempts that failed since the process started.'),
    last_error: z.string().nullable(),
    compared_at: z.string().nullable().describe('When both sides were last compared from end to end.'),
  })
  .meta({ id: 'ObjectBackup' });

export type ObjectBackupResource = z.output<typeof objectBackupSchema>;
