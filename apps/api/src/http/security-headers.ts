import type { FastifyInstance } from 'fastify';

/** Nothing the API answers is ever a page, except the reference below and the console, which sets a policy of its own. */
const API_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox";
/** The reference loads its own scripts and styles and nothing else. */
export const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The headers that every answer carries. */
export function securityHeaders(url: string, requestId: string, secure: boolean): Record<string, string> {
  const path = url.split('?')[0] ?? '';
  const policy = path.startsWith('/docs') ? DOCS_POLICY : API_POLICY;
  return {
    'x-content-type-options': 'nosniff',
    'content-security-policy': policy,
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': path.startsWith('/v1/store/') ? 'cross-origin' : 'same-origin',
    'x-request-id': requestId,
    ...(secure ? { 'strict-transport-security': 'max-age=31536000' } : {}),
  };
}

/** Sets the headers that every answer carries. */
export function addSecurityHeaders(fastify: FastifyInstance, secure: boolean): void {
  fastify.addHook('onSend', (request, reply, body, done) => {
    const headers = securityHeaders(request.url, request.id, secure);
    const policy = reply.getHeader('content-security-policy');
    void reply.headers(policy === undefined ? headers : { ...headers, 'content-security-policy': policy });
    if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
    done(null, body);
  });
}
