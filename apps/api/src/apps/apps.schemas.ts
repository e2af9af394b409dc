import { z } from 'zod';
import { isPackageId } from '@mosis/package';
import type { CoreRow } from '@mosis/db';
import { pageQueryFields } from '../common/pagination.js';
import { line, paragraphs } from '../common/text.js';

const tags = z
  .array(line(1, 30))
  .max(10, 'must have at most 10 tags')
  .transform((list) => [...new Map(list.map((tag) => [tag.toLowerCase(), tag])).values()]);

/** What a store page says, as it is sent. */
const listingFields = {
  name: line(1, 50),
  description: paragraphs(10_000),
  category: line(0, 50),
  tags,
};

export const createAppSchema = z.strictObject({
  package_id: z
    .string()
    .max(255)
    .refine(
      isPackageId,
      'must have two or more segments separated by dots, each a letter followed by letters, digits or underscores',
    ),
  name: listingFields.name,
  description: listingFields.description.default(''),
  category: listingFields.category.default(''),
  tags: listingFields.tags.default([]),
});

export const updateAppSchema = z.strictObject({
  name: listingFields.name.optional(),
  description: listingFields.description.optional(),
  category: listingFields.category.optional(),
  tags: listingFields.tags.optional(),
});

export const listAppsQuery = z.strictObject({
  ...pageQueryFields,
  status: z.enum(['draft', 'published', 'suspended']).optional(),
});

export type CreateApp = z.output<typeof createAppSchema>;
export type UpdateApp = z.output<typeof updateAppSchema>;

const listingSchema = z.object({
  name: z.string(),
  description: z.string(),
  category: z.string(),
  tags: z.array(z.string()),
  icon_sha256: z.string().nullable(),
  developer_name: z.string(),
});

export const appSchema = listingSchema
  .extend({
    id: z.string(),
    developer_id: z.string(),
    package_id: z.string(),
    icon_url: z.string().nullable(),
    status: z.enum(['draft', 'published', 'suspended']),
    highest_version_code: z.number().int(),
    pending_listing: listingSchema
      .extend({ created_at: z.string() })
      .nullable()
      .describe('A changed listing that waits for its review.'),
    first_published_at: z.string().nullable(),
    last_published_at: z.string().nullable(),
    withdrawn_at: z.string().nullable(),
    suspended_at: z.string().nullable(),
    suspend_reason: z.string().nullable(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'App' });

export type AppResource = z.output<typeof appSchema>;

/** An app as its owner sees it. */
export function toAppResource(
  app: CoreRow<'apps'>,
  waiting: CoreRow<'app_revisions'> | undefined,
  publicUrl: string,
): AppResource {
  return {
    id: app.id,
    developer_id: app.developer_id,
    package_id: app.package_id,
    ...toListingFields(app),
    icon_url: app.icon_sha256 && `${publicUrl}/v1/apps/${app.package_id}/icons/${app.icon_sha256}`,
    status: app.status,
    highest_version_code: app.highest_version_code,
    // Before the first publication the waiting listing is the frozen draft itself.
    pending_listing:
      waiting && app.first_published_at !== null
        ? { ...toListingFields(waiting), created_at: waiting.created_at }
        : null,
    first_published_at: app.first_published_at,
    last_published_at: app.last_published_at,
    withdrawn_at: app.withdrawn_at,
    suspended_at: app.suspended_at,
    suspend_reason: app.suspend_reason,
    created_at: app.created_at,
    updated_at: app.updated_at,
  };
}

type ListingColumns = Pick<
  CoreRow<'app_revisions'>,
  'name' | 'description' | 'category' | 'tags' | 'icon_sha256' | 'developer_name'
>;

/** The listing columns of an app or a revision, as the API shows them. */
export function toListingFields(row: ListingColumns) {
  return {
    name: row.name,
    description: row.description,
    category: row.category,
    tags: JSON.parse(row.tags) as string[],
    icon_sha256: row.icon_sha256,
    developer_name: row.developer_name,
  };
}
