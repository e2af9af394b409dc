import { z } from 'zod';
import { normaliseSemver } from '@mosis/package';
import { pageQueryFields } from '../common/pagination.js';

const semver = z
  .string()
  .max(256)
  .refine((text) => normaliseSemver(text) !== undefined, 'must be a semantic version such as 1.4.0');

export const searchQuery = z.strictObject({
  ...pageQueryFields,
  q: z
    .string()
    .max(200, 'must have at most 200 characters')
    .optional()
    .describe('Words, part of a word, or a package id; a misspelt one still finds.'),
  category: z.string().max(50).optional(),
  tag: z.string().max(30).optional(),
  sort: z
    .enum(['relevance', 'newest', 'updated', 'name'])
    .optional()
    .describe('Default: relevance with `q`, else updated.'),
});

export const updatesSchema = z.strictObject({
  mosis_version: semver,
  installed: z
    .array(
      z.strictObject({ package_id: z.string().max(255), version_code: z.number().int().min(0).max(2_147_483_647) }),
    )
    .max(500, 'must have at most 500 apps; ask in parts'),
});

const storeVersionSchema = z
  .object({
    version_code: z.number().int(),
    version_name: z.string(),
    package_url: z.string(),
    package_size: z.number().int(),
    package_sha256: z.string(),
    signature: z.string(),
    signing_key: z.string().describe('Base64 of the 32 bytes of the Ed25519 public key.'),
    signing_key_fingerprint: z.string(),
    permissions: z.array(z.string()),
    min_mosis_version: z.string(),
    release_notes: z.string(),
    published_at: z.string(),
  })
  .meta({ id: 'StoreVersion' });

export const storeAppSchema = z
  .object({
    package_id: z.string(),
    name: z.string(),
    description: z.string(),
    category: z.string(),
    tags: z.array(z.string()),
    icon_url: z.string().nullable(),
    developer_name: z.string(),
    latest_version: storeVersionSchema,
    first_published_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'StoreApp' });

export const categoriesSchema = z.object({ items: z.array(z.object({ name: z.string(), count: z.number().int() })) });

const updateSchema = storeVersionSchema
  .omit({ permissions: true, min_mosis_version: true, published_at: true })
  .extend({ package_id: z.string() })
  .meta({ id: 'Update' });
export const updatesAnswerSchema = z.object({ updates: z.array(updateSchema) });

export type SearchQuery = z.output<typeof searchQuery>;
export type StoreAppResource = z.output<typeof storeAppSchema>;
export type StoreVersionResource = z.output<typeof storeVersionSchema>;
export type UpdateResource = z.output<typeof updateSchema>;
