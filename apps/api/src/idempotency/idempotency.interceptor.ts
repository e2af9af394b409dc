import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import type { GuardedRequest } from '../access/access.guard.js';
import { actorKey } from '../access/actor.js';
import { sha256Hex } from '../common/secrets.js';
import { IdempotencyService } from './idempotency.service.js';

/** Answers a repeated creating request with its first answer. */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(private readonly idempotency: IdempotencyService) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return from(this.handle(context, next));
  }

  private async handle(context: ExecutionContext, next: CallHandler): Promise<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<GuardedRequest>();
    const reply = http.getResponse<FastifyReply>();
    const actor = request.actor ? actorKey(request.actor) : `address:${sha256Hex(request.ip)}`;
    const scope = this.idempotency.scopeOf(
      request.headers['idempotency-key'],
      actor,
      `${request.method} ${request.url.split('?')[0]}`,
    );
    if (!scope) return lastValueFrom(next.handle());

    const requestSha256 = sha256Hex(JSON.stringify(request.body ?? null));
    const first = await this.idempotency.begin(scope, requestSha256);
    if (first) {
      void reply.status(first.statusCode).header('idempotency-replayed', 'true');
      return first.body;
    }
    return this.idempotency.answering({ scope, requestSha256, statusCode: reply.statusCode }, () =>
      lastValueFrom(next.handle()),
    );
  }
}
