import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../common/app-error.js';

const BATCHES = '/v1/telemetry/batches';
const HEARTBEATS = '/v1/telemetry/heartbeats';
/** What a batch may have on the wire, packed or not. */
export const BATCH_LIMIT_BYTES = 1024 * 1024;
const HEARTBEAT_LIMIT_BYTES = 4 * 1024;
/** Bodies of batches that may be under way at a time; what has arrived whole is bounded by the writer's own queue. */
const ARRIVING_LIMIT_BYTES = 64 * 1024 * 1024;
/** What a body counts that does not say how long it is. */
const UNKNOWN_LENGTH_BYTES = 256 * 1024;
/** Browsers send text/plain without asking first; tools send whatever they have. */
const BATCH_TYPES = /^(?:application\/json|application\/octet-stream|text\/plain)\s*(?:;|$)/i;
/** What those count as inside, so that only this route takes a body as it comes. */
const RAW_BATCH = 'application/vnd.mosis.telemetry-batch';

/** Bodies of telemetry: a batch stays the bytes that came, for the writer thread to inflate and parse. */
export function addTelemetryBodies(fastify: FastifyInstance): void {
  let arrivingBytes = 0;
  fastify.addContentTypeParser<Buffer>(RAW_BATCH, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  fastify.addHook('onRoute', (route) => {
    if (route.url === BATCHES) route.bodyLimit = BATCH_LIMIT_BYTES;
    if (route.url === HEARTBEATS) route.bodyLimit = HEARTBEAT_LIMIT_BYTES;
  });
  fastify.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    if (request.routeOptions.url !== BATCHES) return;
    const { headers } = request.raw;
    const length = headers['content-length'] === undefined ? UNKNOWN_LENGTH_BYTES : Number(headers['content-length']);
    if (length > BATCH_LIMIT_BYTES) throw tooLarge();
    if (!BATCH_TYPES.test(headers['content-type'] ?? '')) {
      throw new AppError('media-type-unsupported', 'Send a batch as application/json, packed or not.');
    }
    if (arrivingBytes + length > ARRIVING_LIMIT_BYTES) {
      throw new AppError('overloaded', 'Too much arrives at once. Try again in a few seconds.', {
        retryAfterSeconds: 2,
        routine: true,
      });
    }
    arrivingBytes += length;
    reply.raw.once('close', () => (arrivingBytes -= length));
    headers['content-type'] = RAW_BATCH;
  });
}

function tooLarge(): AppError {
  return new AppError('body-too-large', `A batch has at most ${BATCH_LIMIT_BYTES} bytes.`);
}
