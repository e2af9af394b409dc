import type { FastifyInstance } from 'fastify';

/** JSON bodies are texts that people write; the largest is a listing. */
export const JSON_LIMIT_BYTES = 256 * 1024;
/** Icons come whole into memory before they are looked at. */
const IMAGE_LIMIT_BYTES = 1024 * 1024;

/** The content types that the API takes: JSON, an image, and packages as a stream that nobody buffers. */
export function addBodyParsers(fastify: FastifyInstance): void {
  // An unread body must not be buffered, so the stream itself is the body.
  fastify.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));
  fastify.addContentTypeParser(
    'image/png',
    { parseAs: 'buffer', bodyLimit: IMAGE_LIMIT_BYTES },
    (_request, body, done) => done(null, body),
  );
  fastify.removeContentTypeParser('text/plain');
}
