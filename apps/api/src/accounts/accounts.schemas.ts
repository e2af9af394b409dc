import { z } from 'zod';
import type { CoreRow } from '@mosis/db';
import { line } from '../common/text.js';

const email = z.string().trim().max(254).pipe(z.email('must be an e-mail address'));
const password = z.string().min(8, 'must have at least 8 characters').max(256, 'must have at most 256 characters');
const token = z.string().min(1).max(200);

export const registerSchema = z.strictObject({ email, name: line(1, 100), password });
export const tokenSchema = z.strictObject({ token });
export const loginSchema = z.strictObject({ email: z.string().trim().max(254), password: z.string().max(256) });
export const forgotPasswordSchema = z.strictObject({ email });
export const resetPasswordSchema = z.strictObject({ token, password });
export const updateMeSchema = z.strictObject({ name: line(1, 100).optional() });
export const changePasswordSchema = z.strictObject({ current_password: z.string().max(256), new_password: password });
export const setupSchema = z.strictObject({ token, email, name: line(1, 100), password });

export const developerSchema = z
  .object({
    id: z.string(),
    email: z.string(),
    name: z.string(),
    oauth_provider: z.string().nullable(),
    verified: z.boolean(),
    role: z.enum(['developer', 'reviewer', 'admin']),
    suspended_at: z.string().nullable(),
    suspend_reason: z.string().nullable(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'Developer' });

export const loginAnswerSchema = z.object({ developer: developerSchema });
export const acceptedSchema = z.object({ status: z.literal('accepted') });
export const exportSchema = z.object({
  exported_at: z.string(),
  developer: developerSchema,
  api_keys: z.array(z.record(z.string(), z.unknown())),
  signing_keys: z.array(z.record(z.string(), z.unknown())),
  sessions: z.array(z.record(z.string(), z.unknown())),
  apps: z.array(z.record(z.string(), z.unknown())),
  versions: z.array(z.record(z.string(), z.unknown())),
  reviews: z.array(z.record(z.string(), z.unknown())),
  audit_log: z.array(z.record(z.string(), z.unknown())),
});

export type Register = z.output<typeof registerSchema>;
export type Setup = z.output<typeof setupSchema>;
export type DeveloperResource = z.output<typeof developerSchema>;

/** An account as the API shows it. */
export function toDeveloperResource(row: CoreRow<'developers'>): DeveloperResource {
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    oauth_provider: row.oauth_provider,
    verified: row.verified === 1,
    role: row.role,
    suspended_at: row.suspended_at,
    suspend_reason: row.suspend_reason,
    created_at: row.created_at,
    updated_at: row.updated_at,
  };
}
