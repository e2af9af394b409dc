import type { FastifyInstance } from 'fastify';
import type { Settings } from '../config/settings.js';

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
const HEADERS =
  'content-type, content-encoding, x-ingest-key, x-sent-at, idempotency-key, if-none-match, range, authorization, x-api-key';
const EXPOSED = 'etag, retry-after, x-request-id, content-range, accept-ranges, idempotency-replayed';

/** Store and telemetry answer any origin, without credentials; everything else only the origins of the settings. */
export function addCors(fastify: FastifyInstance, settings: Settings): void {
  fastify.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers;
    if (origin === undefined) return;
    const open = request.url.startsWith('/v1/store/') || request.url.startsWith('/v1/telemetry/');
    void reply.header('vary', 'Origin');
    if (open) void reply.header('access-control-allow-origin', '*');
    else if (settings.corsOrigins.includes(origin)) {
      void reply.headers({ 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' });
    } else return;
    void reply.header('access-control-expose-headers', EXPOSED);
    if (request.method === 'OPTIONS' && request.headers['access-control-request-method']) {
      await reply
        .headers({
          'access-control-allow-methods': METHODS,
          'access-control-allow-headers': HEADERS,
          'access-control-max-age': '86400',
        })
        .status(204)
        .send();
    }
  });
}
