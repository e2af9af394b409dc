import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';

const ASSETS = new URL('../../assets/pages/', import.meta.url);

/** The pages behind mail links and first-run: each reads its token from behind `#` and sends it in a POST. */
const PAGES = ['verify-email', 'reset-password', 'forgot-password', 'setup'] as const;

/** Serves the few pages that a link in a mail or in the log leads to. */
export function addPages(fastify: FastifyInstance): void {
  const html = readFileSync(new URL('link.html', ASSETS), 'utf8');
  const script = readFileSync(new URL('link.js', ASSETS), 'utf8');
  const style = readFileSync(new URL('link.css', ASSETS), 'utf8');
  for (const page of PAGES) {
    fastify.get(`/admin/${page}`, (_request, reply) => reply.type('text/html; charset=utf-8').send(html));
  }
  fastify.get('/admin/assets/link.js', (_request, reply) => reply.type('text/javascript; charset=utf-8').send(script));
  fastify.get('/admin/assets/link.css', (_request, reply) => reply.type('text/css; charset=utf-8').send(style));
}
