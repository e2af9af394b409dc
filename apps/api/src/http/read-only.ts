import type { FastifyInstance } from 'fastify';
import { AppError } from '../common/app-error.js';

const READING = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Asks, and changes nothing; its question is too long for an address. */
const QUESTIONS = new Set(['/v1/store/updates']);

/** Refuses every request that would change something. */
export function refuseWrites(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', async (request) => {
    if (READING.has(request.method) || QUESTIONS.has(request.url.split('?')[0] ?? '')) return;
    throw new AppError('read-only', 'This server was started to look at restored data and changes nothing.');
  });
}
