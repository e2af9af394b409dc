import type { FastifyRequest } from 'fastify';
import { AppError } from '../common/app-error.js';
import type { Settings } from '../config/settings.js';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses a write that a browser says comes from another site. Without both headers it is no browser, and accepted.
 *
 * @throws AppError `cross-site-request`
 */
export function refuseCrossSite(request: FastifyRequest, settings: Settings): void {
  if (SAFE_METHODS.has(request.method)) return;
  const refuse = (header: string) =>
    new AppError(
      'cross-site-request',
      `${header} says that this request comes from another site. Open the console at ${settings.publicUrl}.`,
    );

  const origin = request.headers.origin;
  const trustedOrigin = origin !== undefined && settings.corsOrigins.includes(origin);
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !trustedOrigin) throw refuse('Sec-Fetch-Site');
  if (origin !== undefined && !trustedOrigin && !ownHosts(request, settings).has(hostOf(origin)))
    throw refuse('Origin');
}

function ownHosts(request: FastifyRequest, settings: Settings): Set<string> {
  return new Set([new URL(settings.publicUrl).host, request.headers.host ?? '']);
}

function hostOf(origin: string): string {
  try {
    return new URL(origin).host;
  } catch {
    return `unreadable:${origin}`;
  }
}
