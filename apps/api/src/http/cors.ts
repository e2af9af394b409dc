import type { FastifyInstance } from 'fastify';
import type { Settings } from '../config/settings.js';

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
const HEADERS =
  'content-type, content-encoding, x-ingest-key, x-sent-at, idempotency-key, if-none-match, range, authorization, x-api-key';
const EXPOSED = 'etag, retry-after, x-request-id, content-range, accept-ranges, idempotency-replayed';

/**
 * Store and telemetry answer any origin, without credentials; everything else only the origins of the settings. What the
 * answer depends on is said even when no origin asks, because a cache keeps that answer for those that do.
 */
export function addCors(fastify: FastifyInstance, settings: Settings): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers;
    const open = request.url.startsWith('/v1/store/') || request.url.startsWith('/v1/telemetry/');
    if (open) void reply.header('access-control-allow-origin', '*');
    else {
      void reply.header('vary', 'Origin');
      if (origin === undefined || !settings.corsOrigins.includes(origin)) return done();
      void reply.headers({ 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' });
    }
    void reply.header('access-control-expose-headers', EXPOSED);
    if (request.method !== 'OPTIONS' || origin === undefined || !request.headers['access-control-request-method']) {
      return done();
    }
    void reply
      .headers({
        'access-control-allow-methods': METHODS,
        'access-control-allow-headers': HEADERS,
        'access-control-max-age': '86400',
      })
      .status(204)
      .send();
  });
}
