import { z } from 'zod';
import { isPackageId } from '@mosis/package';
import type { CoreRow } from '@mosis/db';
import { PERMISSIONS, type Permission } from '../access/permissions.js';
import { line } from '../common/text.js';

const permissions = z.array(z.enum(PERMISSIONS)).min(1, 'must name at least one permission').max(PERMISSIONS.length);

export const createApiKeySchema = z.strictObject({
  name: line(1, 100),
  permissions: permissions.transform((list) => [...new Set(list)]),
  app_package_ids: z
    .array(z.string().max(255).refine(isPackageId, 'must be package ids'))
    .min(1, 'must name at least one app; leave it out for every app')
    .max(100)
    .nullish(),
  expires_at: z.iso.datetime({ offset: true, message: 'must be an RFC 3339 time' }).nullish(),
});

export type CreateApiKey = z.output<typeof createApiKeySchema>;

export const apiKeySchema = z
  .object({
    id: z.string(),
    developer_id: z.string(),
    name: z.string(),
    key_prefix: z.string(),
    permissions: z.array(z.enum(PERMISSIONS)),
    app_package_ids: z.array(z.string()).nullable(),
    last_used_at: z.string().nullable(),
    expires_at: z.string().nullable(),
    revoked_at: z.string().nullable(),
    revoked_reason: z.string().nullable(),
    created_at: z.string(),
  })
  .meta({ id: 'ApiKey' });

export const createdApiKeySchema = apiKeySchema
  .extend({ key: z.string().nullable().describe('The whole key, shown this once.') })
  .meta({ id: 'CreatedApiKey' });

export type ApiKeyResource = z.output<typeof apiKeySchema>;

/** A key as the API shows it: never its hash. */
export function toApiKeyResource(row: CoreRow<'api_keys'>): ApiKeyResource {
  return {
    id: row.id,
    developer_id: row.developer_id,
    name: row.name,
    key_prefix: row.key_prefix,
    permissions: JSON.parse(row.permissions) as Permission[],
    app_package_ids: row.app_package_ids === null ? null : (JSON.parse(row.app_package_ids) as string[]),
    last_used_at: row.last_used_at,
    expires_at: row.expires_at,
    revoked_at: row.revoked_at,
    revoked_reason: row.revoked_reason,
    created_at: row.created_at,
  };
}
