import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../common/app-error.js';

/** Stands in the built page wherever the nonce of an answer belongs. */
const NONCE_PLACEHOLDER = '__MOSIS_CSP_NONCE__';
const ASSETS_PREFIX = '/admin/assets/';
const TYPES: Record<string, string> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};
/** Copies that the build makes, best first, by the name a client asks for them. */
const ENCODINGS = [
  { name: 'br', suffix: '.br' },
  { name: 'gzip', suffix: '.gz' },
] as const;

/**
 * What the page may do: run our scripts, use our styles and call our API. No script stands in the page itself. The style
 * elements that its component library makes while it runs carry the nonce, which is another one in every answer.
 */
function policyFor(nonce: string): string {
  return `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
}

/**
 * Serves the review console: its page for every path that the console knows, and for every other one to a browser, with a
 * 404; and its files under names that hold a digest of their content.
 *
 * @throws Error when the console is not built
 */
export function addConsole(fastify: FastifyInstance): void {
  const folder = join(dirname(createRequire(import.meta.url).resolve('@mosis/admin/package.json')), 'dist');
  if (!existsSync(join(folder, 'index.html'))) {
    throw new Error(`The console is not built: there is no ${folder}/index.html. "npm start" builds it.`);
  }
  const page = readFileSync(join(folder, 'index.html'), 'utf8');
  const paths = JSON.parse(readFileSync(join(folder, 'client-paths.json'), 'utf8')) as string[];
  const isClientPath = matcherOf(paths);
  const files = new Set(readdirSync(join(folder, 'assets')));

  const sendPage = (reply: FastifyReply) => {
    const nonce = randomBytes(16).toString('base64');
    void reply.headers({ 'content-security-policy': policyFor(nonce), 'cache-control': 'no-store' });
    return reply.type('text/html; charset=utf-8').send(page.replaceAll(NONCE_PLACEHOLDER, nonce));
  };
  const sendAsset = async (request: FastifyRequest, reply: FastifyReply, name: string) => {
    const type = TYPES[name.slice(name.lastIndexOf('.') + 1)];
    if (type === undefined || !files.has(name)) throw nothingHere();
    const accepted = acceptedEncodings(request.headers['accept-encoding']);
    const copy = ENCODINGS.find(({ name: encoding, suffix }) => accepted.has(encoding) && files.has(name + suffix));
    if (copy) void reply.header('content-encoding', copy.name);
    void reply.headers({ 'cache-control': 'public, max-age=31536000, immutable', vary: 'Accept-Encoding' });
    return reply.type(type).send(await readFile(join(folder, 'assets', name + (copy?.suffix ?? ''))));
  };

  fastify.get('/admin', (_request, reply) => reply.redirect('/admin/', 308));
  fastify.get('/admin/*', async (request, reply) => {
    const path = request.url.split('?')[0] ?? '';
    if (path.startsWith(ASSETS_PREFIX)) return sendAsset(request, reply, path.slice(ASSETS_PREFIX.length));
    if (isClientPath(path.slice('/admin'.length))) return sendPage(reply);
    const bare = path.replace(/\/$/, '');
    if (isClientPath(bare.slice('/admin'.length))) {
      return reply.redirect(bare + request.url.slice(path.length), 308);
    }
    // Somebody who opens a mistyped address is told by the console; a program is told as everywhere.
    if (wantsPage(request)) return sendPage(reply.status(404));
    throw nothingHere();
  });
}

function nothingHere(): AppError {
  return new AppError('route-not-found', 'The console has no such page. It begins at /admin/.');
}

/** Whether a browser asks, which is about to show the answer to somebody. */
function wantsPage({ headers }: FastifyRequest): boolean {
  return (headers.accept ?? '').split(',').some((type) => /^\s*text\/html\s*(;|$)/i.test(type));
}

/** Tells whether a path is one of the patterns, in which `$name` stands for one segment. */
function matcherOf(patterns: readonly string[]): (path: string) => boolean {
  const known = patterns.map((pattern) => pattern.split('/'));
  return (path) => {
    const segments = path.split('/');
    return known.some(
      (pattern) =>
        pattern.length === segments.length &&
        pattern.every((part, index) => (part.startsWith('$') ? segments[index] !== '' : part === segments[index])),
    );
  };
}

/** The codings that a client takes; one with a weight of zero is refused (RFC 9110 §12.5.3). */
function acceptedEncodings(header: string | string[] | undefined): Set<string> {
  const entries = String(header ?? '')
    .toLowerCase()
    .split(',')
    .map((entry) => entry.trim().split(/\s*;\s*/));
  return new Set(entries.filter(([, weight]) => !/^q=0(\.0*)?$/.test(weight ?? '')).map(([name = '']) => name));
}
