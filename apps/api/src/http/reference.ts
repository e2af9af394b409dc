import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { matchesEtag } from '../common/etag.js';

const DOCUMENT = new URL('../../openapi.json', import.meta.url);
const ASSETS = new URL('../../assets/reference/', import.meta.url);

/**
 * Serves the committed OpenAPI document and a page to read it on. The document is a file, not built at start, because a
 * test holds it against the code and an idle server has better uses for the memory.
 */
export async function addReference(fastify: FastifyInstance): Promise<void> {
  const document = readFileSync(DOCUMENT);
  const etag = `"${createHash('sha256').update(document).digest('hex').slice(0, 32)}"`;
  fastify.get('/openapi.json', (request, reply) => {
    void reply.headers({ etag, 'cache-control': 'public, no-cache' });
    if (matchesEtag(request.headers['if-none-match'], etag)) return reply.status(304).send();
    return reply.type('application/json; charset=utf-8').send(document);
  });

  const page = readFileSync(new URL('index.html', ASSETS), 'utf8');
  const script = readFileSync(new URL('reference.js', ASSETS), 'utf8');
  fastify.get('/docs', (_request, reply) => reply.type('text/html; charset=utf-8').send(page));
  fastify.get('/docs/', (_request, reply) => reply.redirect('/docs', 308));
  fastify.get('/docs/reference.js', (_request, reply) => reply.type('text/javascript; charset=utf-8').send(script));
  await fastify.register(
    fastifyStatic as never,
    {
      root: dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json')),
      prefix: '/docs/ui/',
      index: false,
      decorateReply: false,
      maxAge: '1d',
      allowedPath: (path: string) => /^\/swagger-ui(-bundle\.js|\.css)$/.test(path),
    } as never,
  );
}
