import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { sha256Hex } from './secrets.js';

/** Gives a JSON answer an ETag of its content, and answers 304 to who has it already. */
@Injectable()
export class EtagInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    return next.handle().pipe(
      map((body: unknown) => {
        const text = JSON.stringify(body);
        const etag = `"${sha256Hex(text).slice(0, 32)}"`;
        // What is suspended must vanish at once, so a cache asks every time.
        void reply.header('etag', etag).header('cache-control', 'public, no-cache');
        // The text is what was hashed: nobody writes it a second time.
        if (!matchesEtag(request.headers['if-none-match'], etag)) {
          void reply.type('application/json; charset=utf-8');
          return text;
        }
        void reply.status(304);
        return undefined;
      }),
    );
  }
}

/** Whether an If-None-Match header names this tag (weak comparison, RFC 9110 §13.1.2). */
export function matchesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === etag);
}
