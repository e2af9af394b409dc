import type { FastifyInstance } from 'fastify';

/**
 * Once the server closes, an answer ends its connection. Closing ends only those that are idle at that moment; one that
 * is being answered would be kept alive afterwards and hold up the stop for as long as its client likes.
 */
export function closeConnectionsAfterAnswers(fastify: FastifyInstance): void {
  let closing = false;
  fastify.addHook('preClose', (done) => {
    closing = true;
    done();
  });
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    if (closing) void reply.header('connection', 'close');
    done(null, payload);
  });
  fastify.addHook('onResponse', (_request, _reply, done) => {
    // Those whose head was on its way before.
    if (closing) setImmediate(() => fastify.server.closeIdleConnections());
    done();
  });
}
