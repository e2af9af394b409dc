import { z } from 'zod';
import type { CoreRow } from '@mosis/db';
import { line } from '../common/text.js';

export const createSigningKeySchema = z.strictObject({
  name: line(1, 100),
  public_key: z.string().max(2_000).describe('PEM SPKI of an Ed25519 public key.'),
});

export const signingKeySchema = z
  .object({
    id: z.string(),
    developer_id: z.string(),
    name: z.string(),
    public_key: z.string(),
    fingerprint: z.string().describe('Hex SHA-256 of the 32 key bytes.'),
    is_active: z.boolean(),
    deactivated_at: z.string().nullable(),
    created_at: z.string(),
  })
  .meta({ id: 'SigningKey' });

export type SigningKeyResource = z.output<typeof signingKeySchema>;

/** A signing key as the API shows it. */
export function toSigningKeyResource(row: CoreRow<'signing_keys'>): SigningKeyResource {
  return {
    id: row.id,
    developer_id: row.developer_id,
    name: row.name,
    public_key: row.public_key,
    fingerprint: row.fingerprint,
    is_active: row.is_active === 1,
    deactivated_at: row.deactivated_at,
    created_at: row.created_at,
  };
}
