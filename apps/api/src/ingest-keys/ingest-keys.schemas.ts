import { z } from 'zod';
import type { CoreRow } from '@mosis/db';
import { line } from '../common/text.js';

export const createIngestKeySchema = z.strictObject({ name: line(1, 100) });

export const ingestKeySchema = z
  .object({
    id: z.string(),
    app_id: z.string(),
    name: z.string(),
    key: z.string().describe('Public and write-only: it ships inside the app.'),
    revoked_at: z.string().nullable(),
    created_at: z.string(),
  })
  .meta({ id: 'IngestKey' });

export type IngestKeyResource = z.output<typeof ingestKeySchema>;

/** An ingest key as the API shows it; it is no secret, so it is shown whole. */
export function toIngestKeyResource(row: CoreRow<'ingest_keys'>): IngestKeyResource {
  const { id, app_id, name, key, revoked_at, created_at } = row;
  return { id, app_id, name, key, revoked_at, created_at };
}
