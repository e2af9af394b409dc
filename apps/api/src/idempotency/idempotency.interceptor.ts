import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { CoreDatabase } from '@mosis/db';
import type { GuardedRequest } from '../access/access.guard.js';
import { actorKey } from '../access/actor.js';
import { sha256Hex } from '../common/secrets.js';
import { IDEMPOTENT, type IdempotentOptions } from './idempotent-options.js';
import { IdempotencyService } from './idempotency.service.js';

/** Answers a repeated creating request with its first answer. */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly idempotency: IdempotencyService,
    private readonly db: CoreDatabase,
  ) {}

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
    let body: unknown;
    try {
      body = await lastValueFrom(next.handle());
    } catch (error) {
      await this.idempotency.abandon(scope);
      throw error;
    }
    const { secretFields = [] } = this.reflector.get<IdempotentOptions>(IDEMPOTENT, context.getHandler());
    const shown = {
      ...(body as Record<string, unknown>),
      ...Object.fromEntries(secretFields.map((field) => [field, null])),
    };
    await this.db.write((trx) =>
      this.idempotency.finish(trx, scope, requestSha256, { statusCode: reply.statusCode, body: shown }),
    );
    return body;
  }
}
