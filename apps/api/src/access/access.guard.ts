import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../common/app-error.js';
import { BODYLESS, refuseBody } from '../common/bodyless-route.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { RequestLimits } from '../limits/request-limits.js';
import { ACCESS_RULE, type AccessRule } from './access.decorator.js';
import { AccessService } from './access.service.js';
import type { Actor } from './actor.js';
import { findCredential } from './credentials.js';
import { refuseCrossSite } from './cross-site.js';
import { IngestKeyAccess, type IngestGrant } from './ingest-key-access.js';

/** A request after the guard: `actor` is set unless the route is public. */
export interface GuardedRequest extends FastifyRequest {
  actor?: Actor;
  /** Set instead of `actor` where an ingest key is what is needed. */
  ingest?: IngestGrant;
}

/**
 * The one guard: reads what the route declares, finds out who asks, and refuses whatever is not allowed; then a body that the
 * route would drop, because no pipe sees one that is nobody's parameter.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly access: AccessService,
    private readonly ingestKeys: IngestKeyAccess,
    private readonly limits: RequestLimits,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<GuardedRequest>();
    const handler = context.getHandler();
    const rule = this.reflector.get<AccessRule | undefined>(ACCESS_RULE, handler);
    if (!rule) throw new AppError('access-undeclared', 'This route does not say whom it admits, so it admits nobody.');

    if (rule.kind === 'ingest_key') {
      // Telemetry has limits of its own: whole offices of devices may share an address.
      request.ingest = await this.ingestKeys.authenticate(request.headers['x-ingest-key'], request.ip);
      return true;
    }
    await this.#admit(request, rule);
    if (request.body !== undefined && this.reflector.get<boolean | undefined>(BODYLESS, handler))
      refuseBody(request.body);
    return true;
  }

  async #admit(request: GuardedRequest, rule: Exclude<AccessRule, { kind: 'ingest_key' }>): Promise<void> {
    await this.limits.countRequest(request.ip);
    if (rule.kind === 'public') {
      // Signing in and out sets cookies: another site must not do that for a visitor either.
      // The route, not the address as sent: /v1/%61uth/ leads to the same place.
      if (request.routeOptions.url?.startsWith('/v1/auth/')) refuseCrossSite(request, this.settings);
      return;
    }

    const credential = findCredential(request);
    if (!credential)
      throw new AppError('credential-missing', 'Sign in, or send an API key as "Authorization: Bearer mk_…".');
    if (credential.kind === 'session') refuseCrossSite(request, this.settings);
    const actor = await this.access.authenticate(credential, request.id);
    assertAllowed(rule, actor);
    request.actor = actor;
  }
}

/** @throws AppError when the rule does not admit the actor */
export function assertAllowed(rule: Exclude<AccessRule, { kind: 'public' | 'ingest_key' }>, actor: Actor): void {
  const { credential } = actor;
  if (rule.kind === 'permission') {
    if (credential.kind === 'api_key' && !credential.permissions.has(rule.permission)) {
      throw new AppError('permission-missing', `This needs a key with the permission ${rule.permission}.`);
    }
    return;
  }
  if (credential.kind === 'api_key') {
    throw new AppError('session-required', 'API keys are not valid here. Sign in as a person.');
  }
  if (rule.kind === 'role' && actor.role !== 'admin' && actor.role !== rule.role) {
    throw new AppError(
      'role-required',
      `This is for ${rule.role === 'admin' ? 'admins' : 'reviewers and admins'} only.`,
    );
  }
}
