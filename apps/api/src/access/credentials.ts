import '@fastify/cookie';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../common/app-error.js';

/** Name of the session cookie. */
export const SESSION_COOKIE = 'mosis_session';

/** What a request carries to prove who sends it. */
export type PresentedCredential = { kind: 'session'; token: string } | { kind: 'api_key'; key: string };

/**
 * Finds the one credential of a request.
 *
 * @throws AppError `credential-ambiguous` when there are two, `credential-invalid` for another scheme than Bearer
 */
export function findCredential(request: FastifyRequest): PresentedCredential | undefined {
  const found: PresentedCredential[] = [];
  const token = request.cookies[SESSION_COOKIE];
  if (token) found.push({ kind: 'session', token });

  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const key = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    if (!key)
      throw new AppError('credential-invalid', 'Send the key as "Authorization: Bearer mk_…" or "X-API-Key: mk_…".');
    found.push({ kind: 'api_key', key });
  }
  const header = request.headers['x-api-key'];
  if (header !== undefined) found.push({ kind: 'api_key', key: String(header) });

  if (found.length > 1) {
    throw new AppError('credential-ambiguous', 'Send one credential: the session cookie, Authorization, or X-API-Key.');
  }
  return found[0];
}
