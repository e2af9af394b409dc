import { z } from 'zod';
import type { CoreRow } from '@mosis/db';
import { paragraphs } from '../common/text.js';
import { pageQueryFields } from '../common/pagination.js';

export const updateVersionSchema = z.strictObject({ release_notes: paragraphs(10_000).optional() });
export const yankSchema = z.strictObject({ reason: paragraphs(1_000).pipe(z.string().min(1, 'must not be empty')) });
export const listVersionsQuery = z.strictObject({
  ...pageQueryFields,
  status: z.enum(['draft', 'review', 'approved', 'published', 'rejected']).optional(),
});

export const checkSchema = z
  .object({
    name: z.string(),
    required: z.boolean(),
    run: z.number().int(),
    status: z.enum(['queued', 'running', 'passed', 'failed', 'errored', 'skipped']),
    code: z.string().nullable(),
    detail: z.string().nullable(),
    evidence: z.unknown(),
    finished_at: z.string().nullable(),
  })
  .meta({ id: 'Check' });

export const versionSchema = z
  .object({
    id: z.string(),
    app_id: z.string(),
    package_id: z.string(),
    version_code: z.number().int(),
    version_name: z.string(),
    package_url: z.string(),
    package_size: z.number().int(),
    package_sha256: z.string(),
    signature: z.string(),
    signing_key_id: z.string(),
    signing_key_fingerprint: z.string(),
    permissions: z.array(z.string()),
    min_mosis_version: z.string(),
    release_notes: z.string(),
    status: z.enum(['draft', 'review', 'approved', 'published', 'rejected']),
    review_notes: z.string().nullable(),
    subject_sha256: z.string().nullable(),
    submitted_at: z.string().nullable(),
    published_at: z.string().nullable(),
    yanked_at: z.string().nullable(),
    yanked_by: z.enum(['owner', 'admin']).nullable(),
    yank_reason: z.string().nullable(),
    checks: z.array(checkSchema),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'Version' });

export const fileSchema = z
  .object({ path: z.string(), size_bytes: z.number().int(), sha256: z.string() })
  .meta({ id: 'PackageFile' });
export const filesSchema = z.object({ items: z.array(fileSchema) });

export type VersionResource = z.output<typeof versionSchema>;
export type CheckResource = z.output<typeof checkSchema>;
export type PackageFile = z.output<typeof fileSchema>;

/** What a version's package says and holds: both are megabytes at worst, so they are read only where they are used. */
export type VersionContent = Pick<CoreRow<'app_versions'>, 'manifest' | 'files'>;

/** A version's row, without its content, with what its resource needs of other tables. */
export type VersionWithKey = Omit<CoreRow<'app_versions'>, keyof VersionContent> & {
  signing_key_fingerprint: string;
  package_id: string;
};

/** A version as its owner and its reviewers see it. */
export function toVersionResource(
  row: VersionWithKey,
  checks: readonly CoreRow<'check_results'>[],
  publicUrl: string,
): VersionResource {
  return {
    id: row.id,
    app_id: row.app_id,
    package_id: row.package_id,
    version_code: row.version_code,
    version_name: row.version_name,
    package_url: publicUrl + row.package_url,
    package_size: row.package_size,
    package_sha256: row.package_sha256,
    signature: row.signature,
    signing_key_id: row.signing_key_id,
    signing_key_fingerprint: row.signing_key_fingerprint,
    permissions: JSON.parse(row.permissions) as string[],
    min_mosis_version: row.min_mosis_version,
    release_notes: row.release_notes,
    status: row.status,
    review_notes: row.review_notes,
    subject_sha256: row.subject_sha256,
    submitted_at: row.submitted_at,
    published_at: row.published_at,
    yanked_at: row.yanked_at,
    yanked_by: row.yanked_by,
    yank_reason: row.yank_reason,
    checks: checks.map(toCheckResource),
    created_at: row.created_at,
    updated_at: row.updated_at,
  };
}

/** One check result as the API shows it. */
export function toCheckResource(row: CoreRow<'check_results'>): CheckResource {
  return {
    name: row.name,
    required: row.required === 1,
    run: row.run,
    status: row.status,
    code: row.code,
    detail: row.detail,
    evidence: row.evidence === null ? null : (JSON.parse(row.evidence) as unknown),
    finished_at: row.finished_at,
  };
}
