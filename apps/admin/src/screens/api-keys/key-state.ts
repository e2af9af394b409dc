import type { ApiKey } from '../../api/schema';

/** The operation that lists keys; its name is the key of what was read. */
export const KEYS_OPERATION = 'GET /v1/api-keys';

/** Whether a key works, and if not, why. */
export function keyState(key: ApiKey, nowMs: number): 'active' | 'revoked' | 'expired' {
  if (key.revoked_at !== null) return 'revoked';
  return key.expires_at !== null && Date.parse(key.expires_at) <= nowMs ? 'expired' : 'active';
}
