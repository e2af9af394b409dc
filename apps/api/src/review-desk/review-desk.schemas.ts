import { z } from 'zod';
import { pageQueryFields } from '../common/pagination.js';
import { paragraphs } from '../common/text.js';
import { checkSchema, fileSchema } from '../versions/versions.schemas.js';

export const queueQuery = z.strictObject({
  ...pageQueryFields,
  status: z.enum(['pending', 'decided', 'all']).default('pending'),
  kind: z.enum(['version', 'listing']).optional(),
  claimed: z.enum(['me', 'nobody']).optional(),
  q: z.string().max(100).optional().describe('Part of a package id or app name.'),
});

export const decisionSchema = z
  .strictObject({
    decision: z.enum(['approve', 'reject']),
    notes: paragraphs(10_000).default(''),
    reason_code: z
      .string()
      .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be a kebab-case word')
      .max(60)
      .nullish(),
    subject_sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional()
      .describe('What the reviewer saw; a decision on anything else is refused.'),
  })
  .refine(({ decision, notes }) => decision === 'approve' || notes.length > 0, {
    path: ['notes'],
    message: 'a rejection says why',
  });

const reasonSchema = z.object({ code: z.string(), detail: z.string() });
const personSchema = z.object({ id: z.string(), name: z.string() });

export const reviewSchema = z
  .object({
    id: z.string(),
    kind: z.enum(['version', 'listing']),
    package_id: z.string(),
    app_name: z.string(),
    version_code: z.number().int().nullable(),
    version_name: z.string().nullable(),
    developer: personSchema,
    subject_sha256: z.string(),
    submitted_at: z.string(),
    due_at: z.string(),
    reasons: z.array(reasonSchema),
    checks: z.array(checkSchema),
    claimed_by: z.string().nullable().describe('Id of the reviewer who works on it.'),
    claimed_by_name: z.string().nullable(),
    claimed_at: z.string().nullable(),
    own: z.boolean().describe('Whether the app is the reader’s own.'),
    decision: z.enum(['approved', 'rejected', 'withdrawn', 'superseded']).nullable(),
    reviewer_id: z.string().nullable(),
    reviewer_name: z.string().nullable().describe('Who decided.'),
    self_review: z.boolean(),
    reason_code: z.string().nullable(),
    notes: z.string().nullable(),
    decided_at: z.string().nullable(),
  })
  .meta({ id: 'Review' });

const listingSchema = z.object({
  name: z.string(),
  description: z.string(),
  category: z.string(),
  tags: z.array(z.string()),
  icon_sha256: z.string().nullable(),
  developer_name: z.string(),
});

const changesSchema = z
  .object({
    against: z
      .object({ version_code: z.number().int(), version_name: z.string(), package_sha256: z.string() })
      .nullable(),
    permissions: z.object({ added: z.array(z.string()), removed: z.array(z.string()), unchanged: z.array(z.string()) }),
    files: z.object({
      added: z.array(fileSchema),
      removed: z.array(fileSchema),
      changed: z.array(
        z.object({
          path: z.string(),
          before: z.object({ size_bytes: z.number().int(), sha256: z.string() }),
          after: z.object({ size_bytes: z.number().int(), sha256: z.string() }),
        }),
      ),
      unchanged: z.number().int(),
    }),
    package_size: z.object({ before: z.number().int().nullable(), after: z.number().int() }),
    min_mosis_version: z.object({ before: z.string().nullable(), after: z.string() }),
    signing_key: z.object({
      before: z.string().nullable(),
      after: z.string(),
      changed: z.boolean(),
      name: z.string(),
      registered_at: z.string(),
      is_active: z.boolean(),
    }),
  })
  .meta({ id: 'VersionChanges' });

export const reviewDetailSchema = reviewSchema
  .extend({
    listing: listingSchema,
    listing_changes: z.array(z.object({ field: z.string(), before: z.unknown(), after: z.unknown() })),
    changes: changesSchema.nullable().describe('What changed since the last approved version; null for a listing.'),
    history: z.array(
      z.object({
        id: z.string(),
        kind: z.enum(['version', 'listing']),
        version_code: z.number().int().nullable(),
        version_name: z.string().nullable(),
        submitted_at: z.string(),
        decision: z.string().nullable(),
        reviewer_name: z.string().nullable(),
        reason_code: z.string().nullable(),
        notes: z.string().nullable(),
        decided_at: z.string().nullable(),
      }),
    ),
    developer_history: z.object({
      registered_at: z.string(),
      verified: z.boolean(),
      apps: z.number().int(),
      approved: z.number().int(),
      rejected: z.number().int(),
    }),
  })
  .meta({ id: 'ReviewDetail' });

export const queueSummarySchema = z
  .object({ pending: z.number().int(), overdue: z.number().int(), oldest_due_at: z.string().nullable() })
  .meta({ id: 'QueueSummary' });

export type QueueQuery = z.output<typeof queueQuery>;
export type Decision = z.output<typeof decisionSchema>;
export type QueueSummary = z.output<typeof queueSummarySchema>;
export type ReviewResource = z.output<typeof reviewSchema>;
export type ReviewDetail = z.output<typeof reviewDetailSchema>;
