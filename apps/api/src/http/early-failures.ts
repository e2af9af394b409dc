import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { newId } from '@mosis/db';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../common/app-error.js';
import { toProblem } from '../common/problem-document.js';
import { securityHeaders } from './security-headers.js';

/**
 * Failures that Node's parser and Fastify's router meet before any hook runs. They are written by hand, so that they too
 * are problem documents with the headers of every answer.
 */
export class EarlyFailures {
  constructor(private readonly secure: boolean) {}

  /** Fastify's `frameworkErrors`: an address that cannot be decoded, or is too long. */
  readonly answerUnroutable = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const { status, headers, body } = this.write(error, request.id, request.url);
    reply.raw.writeHead(status, headers);
    reply.raw.end(request.method === 'HEAD' ? undefined : body);
  };

  /** Node's `clientError`: bytes that are no request. There is only the socket to answer on, and it is closed. */
  readonly answerUnparsed = (error: NodeJS.ErrnoException, socket: Socket): void => {
    // An answer that is under way must not be written into.
    if (error.code === 'ECONNRESET' || !socket.writable || isAnswering(socket)) {
      socket.destroy();
      return;
    }
    const { status, headers, body } = this.write(toRefusal(error), newId(), '/');
    const head = Object.entries({ ...headers, connection: 'close', date: new Date().toUTCString() });
    socket.end(
      [
        `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
        ...head.map(([name, value]) => `${name}: ${value}`),
        '',
        body,
      ].join('\r\n'),
    );
  };

  /** Answers `Expect:` other than 100-continue, and a request that does not say which host it is for. */
  register(fastify: FastifyInstance): void {
    fastify.server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
      const refusal = new AppError('expectation-failed', 'Of Expect, only 100-continue is understood.');
      const { status, headers, body } = this.write(refusal, newId(), request.url ?? '/');
      response.writeHead(status, { ...headers, connection: 'close' });
      response.end(body);
    });
    fastify.addHook('onRequest', (request, _reply, done) => {
      const isUnnamed = request.raw.httpVersion === '1.1' && request.headers.host === undefined;
      done(
        isUnnamed
          ? new AppError('request-invalid', 'An HTTP/1.1 request names its host in the Host header.')
          : undefined,
      );
    });
  }

  private write(error: unknown, requestId: string, url: string) {
    const { document } = toProblem(error, requestId);
    const body = JSON.stringify(document);
    return {
      status: document.status,
      headers: {
        ...securityHeaders(url, requestId, this.secure),
        'cache-control': 'no-store',
        'content-type': 'application/problem+json; charset=utf-8',
        'content-length': String(Buffer.byteLength(body)),
      },
      body,
    };
  }
}

function isAnswering(socket: Socket): boolean {
  const { _httpMessage: answer } = socket as Socket & { _httpMessage?: ServerResponse | null };
  return answer?.headersSent === true;
}

function toRefusal(error: NodeJS.ErrnoException): AppError {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return new AppError('headers-too-large', 'The headers have at most 16 KiB together.');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new AppError('request-timeout', 'The request did not arrive in time. Send it again.');
    case 'HPE_INVALID_METHOD':
      return new AppError('request-invalid', 'The method is not known here, or this is no HTTP request.');
    default:
      return new AppError('request-invalid', 'This is no HTTP/1.1 request that can be read.');
  }
}
