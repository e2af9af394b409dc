import type { FastifyInstance } from 'fastify';
import { AppError } from '../common/app-error.js';

const READING = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Ask, and change nothing; their questions are too long for an address. */
const QUESTIONS = [/^\/v1\/store\/updates$/, /^\/v1\/apps\/[^/]+\/telemetry\/query$/];
/** Whoever looks has to sign in. A session is not part of what was restored: it ends with any restore. */
const SIGNING_IN = [/^\/v1\/auth\/login$/, /^\/v1\/auth\/logout$/];
const LET_THROUGH = [...QUESTIONS, ...SIGNING_IN];

/** Refuses every request that would change something, but for the session of whoever looks. */
export function refuseWrites(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', async (request) => {
    const path = request.url.split('?')[0] ?? '';
    if (READING.has(request.method) || (request.method === 'POST' && LET_THROUGH.some((one) => one.test(path)))) return;
    throw new AppError('read-only', 'This server was started to look at restored data and changes nothing.');
  });
}
