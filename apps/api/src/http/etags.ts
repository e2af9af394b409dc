import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { matchesEtag, type EtagConfig } from '../common/etag.js';
import { sha256Hex } from '../common/secrets.js';

/**
 * Makes the ETags of the routes that declare one; to be called before there are routes. A hook of Fastify's, because the text
 * that it sees is what is sent, and because an interceptor of Nest's costs more than the look-up of an app.
 */
export function addEtags(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', (route) => {
    if ((route.config as EtagConfig)?.etag !== true) return;
    const others = [route.onSend ?? []].flat().filter((hook) => hook !== setEtag);
    route.onSend = [setEtag, ...others];
  });
}

function setEtag(
  request: FastifyRequest,
  reply: FastifyReply,
  body: unknown,
  done: (error: null, body: unknown) => void,
): void {
  // Problem documents pass here as well.
  if (reply.statusCode !== 200 || typeof body !== 'string') return done(null, body);
  const etag = `"${sha256Hex(body).slice(0, 32)}"`;
  // What is suspended must vanish at once, so a cache asks every time.
  void reply.header('etag', etag).header('cache-control', 'public, no-cache');
  if (!matchesEtag(request.headers['if-none-match'], etag)) return done(null, body);
  void reply.status(304).removeHeader('content-type');
  // Of HEAD the length is answered, by the next hook.
  done(null, request.method === 'HEAD' ? body : null);
}
