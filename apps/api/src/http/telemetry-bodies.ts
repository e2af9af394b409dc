import type { FastifyInstance, FastifyReply, RequestPayload } from 'fastify';
import type { GuardedRequest } from '../access/access.guard.js';
import type { IngestKeyAccess } from '../access/ingest-key-access.js';
import { AppError } from '../common/app-error.js';

const BATCHES = '/v1/telemetry/batches';
const HEARTBEATS = '/v1/telemetry/heartbeats';
/** What a batch may have on the wire, packed or not. */
export const BATCH_LIMIT_BYTES = 1024 * 1024;
const HEARTBEAT_LIMIT_BYTES = 4 * 1024;
/** What of batches under way may be in memory at a time; what is whole is bounded by the writer's own queue as well. */
const ARRIVING_LIMIT_BYTES = 64 * 1024 * 1024;
/** What of that one app may have: its key is public, and whoever has it must not keep the others out. */
const ARRIVING_LIMIT_PER_APP_BYTES = 24 * 1024 * 1024;
/** How long a batch may take to arrive: 1 MiB at 140 kbit/s. */
const ARRIVAL_MS = 60_000;
/** Browsers send text/plain without asking first; tools send whatever they have. */
const BATCH_TYPES = /^(?:application\/json|application\/octet-stream|text\/plain)\s*(?:;|$)/i;
/** What those count as inside, so that only this route takes a body as it comes. */
const RAW_BATCH = 'application/vnd.mosis.telemetry-batch';

/**
 * Bodies of telemetry: a batch stays the bytes that came, for the writer thread to inflate and parse. Nothing of a body is
 * kept before its key is known to be good; the guard asks again when it is whole, for a key may be revoked on the way.
 */
export function addTelemetryBodies(fastify: FastifyInstance, ingestKeys: IngestKeyAccess): void {
  let arrivingBytes = 0;
  const arrivingOfApp = new Map<string, number>();
  fastify.addContentTypeParser<Buffer>(RAW_BATCH, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  fastify.addHook('onRoute', (route) => {
    if (route.url === BATCHES) route.bodyLimit = BATCH_LIMIT_BYTES;
    if (route.url === HEARTBEATS) route.bodyLimit = HEARTBEAT_LIMIT_BYTES;
  });
  fastify.addHook('onRequest', (request: GuardedRequest, _reply, done) => {
    const { url } = request.routeOptions;
    if (url !== BATCHES && url !== HEARTBEATS) return done();
    admit(request, url).then(() => done(), done);
  });
  // Counted as it comes and not as it is announced: announcing costs nothing. With a callback, since the body begins to flow
  // in the turn of the loop after the listener is there.
  fastify.addHook('preParsing', (request: GuardedRequest, reply: FastifyReply, payload: RequestPayload, done) => {
    if (request.routeOptions.url === BATCHES) watchArrival(request.ingest?.appId ?? '', payload, reply);
    done(null, payload);
  });

  async function admit(request: GuardedRequest, url: string): Promise<void> {
    const { headers } = request.raw;
    request.ingest = await ingestKeys.authenticate(headers['x-ingest-key'], request.ip);
    if (url !== BATCHES) return;
    if (Number(headers['content-length'] ?? 0) > BATCH_LIMIT_BYTES) throw tooLarge();
    if (!BATCH_TYPES.test(headers['content-type'] ?? '')) {
      throw new AppError('media-type-unsupported', 'Send a batch as application/json, packed or not.');
    }
    if (arrivingBytes >= ARRIVING_LIMIT_BYTES) throw tooMuch();
    headers['content-type'] = RAW_BATCH;
  }

  function count(appId: string, bytes: number): void {
    arrivingBytes += bytes;
    const ofApp = (arrivingOfApp.get(appId) ?? 0) + bytes;
    if (ofApp > 0) arrivingOfApp.set(appId, ofApp);
    else arrivingOfApp.delete(appId);
  }

  function watchArrival(appId: string, payload: RequestPayload, reply: FastifyReply): void {
    let bytes = 0;
    const deadline = setTimeout(() => refuse(tooSlow()), ARRIVAL_MS).unref();
    const onData = (chunk: Buffer) => {
      bytes += chunk.length;
      count(appId, chunk.length);
      if (arrivingBytes > ARRIVING_LIMIT_BYTES) refuse(tooMuch());
      else if ((arrivingOfApp.get(appId) ?? 0) > ARRIVING_LIMIT_PER_APP_BYTES) refuse(tooMuchOfOne());
    };
    const refuse = (why: AppError) => {
      clearTimeout(deadline);
      payload.off('data', onData);
      if (reply.sent) return;
      // What is still to come of it is read by nobody.
      void reply.header('connection', 'close');
      payload.emit('error', why);
    };
    payload.on('data', onData);
    // Whoever reads the body may have given up on it already, and nobody else would hear an error.
    payload.on('error', () => clearTimeout(deadline));
    payload.once('end', () => clearTimeout(deadline));
    reply.raw.once('close', () => {
      clearTimeout(deadline);
      payload.off('data', onData);
      count(appId, -bytes);
    });
  }
}

function tooMuch(): AppError {
  return new AppError('overloaded', 'Too much arrives at once. Try again in a few seconds.', {
    retryAfterSeconds: 2,
    routine: true,
  });
}

function tooMuchOfOne(): AppError {
  return new AppError('rate-limited', 'Too much of this app arrives at once. Try again in a few seconds.', {
    retryAfterSeconds: 2,
  });
}

function tooSlow(): AppError {
  return new AppError('request-timeout', `A batch arrives within ${ARRIVAL_MS / 1000} seconds. Send it again.`);
}

function tooLarge(): AppError {
  return new AppError('body-too-large', `A batch has at most ${BATCH_LIMIT_BYTES} bytes.`);
}
