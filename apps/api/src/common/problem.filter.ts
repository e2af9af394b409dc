import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { toProblem } from './problem-document.js';

/** What of a refused body is still read, to be thrown away: as much as a batch of telemetry may have. */
const DRAINED_BYTES = 1024 * 1024;

/** Answers every failure as `application/problem+json`, and logs those that are our fault, once. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('http');

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    answerProblem(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>(), this.logger);
  }
}

/** Writes the problem document of an error; used by the filter and by Fastify's own error path. */
export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply, logger: Logger): void {
  const { document, retryAfterSeconds, unexpected } = toProblem(error, request.id);
  if (unexpected) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    logger.error({ msg: 'request failed', 'http.request_id': request.id, code: document.code, err: cause });
  }
  if (reply.raw.headersSent) {
    // The status is out already: the only honest end of a broken stream is a broken connection.
    reply.raw.destroy();
    return;
  }
  // RFC 9110 §15.5.2: a 401 says how to prove who one is.
  if (document.status === 401) void reply.header('www-authenticate', 'Bearer');
  if (retryAfterSeconds !== undefined)
    void reply.header('retry-after', String(Math.max(1, Math.ceil(retryAfterSeconds))));
  // An unread upload would otherwise be drained to its end before the connection is used again.
  if (!request.raw.complete && !isSoonDrained(request)) void reply.header('connection', 'close');
  // What was set for the answer that failed describes other bytes.
  void reply.removeHeader('etag').removeHeader('content-disposition');
  void reply
    .status(document.status)
    .header('cache-control', 'no-store')
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(document));
}

/**
 * Whether what is unread of the body is nothing, or known to be little: to close upon somebody who is still sending resets
 * the connection, and may take the answer with it, so that a device would take a refusal for trouble of the network.
 */
function isSoonDrained({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) <= DRAINED_BYTES;
}
