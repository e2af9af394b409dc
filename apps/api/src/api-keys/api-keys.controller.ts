import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { Actor } from '../access/actor.js';
import { CurrentActor } from '../access/current-actor.decorator.js';
import { pageOf, pageQuery } from '../common/pagination.js';
import { Route } from '../common/route.decorator.js';
import { Idempotent } from '../idempotency/idempotent.decorator.js';
import { apiKeySchema, createApiKeySchema, createdApiKeySchema } from './api-keys.schemas.js';
import { ApiKeysService } from './api-keys.service.js';

@ApiTags('api-keys')
@Controller('v1/api-keys')
export class ApiKeysController {
  constructor(private readonly apiKeys: ApiKeysService) {}

  @Post()
  @Idempotent()
  @Route({
    summary: 'Create an API key; the key itself is shown this once',
    access: { kind: 'permission', permission: 'keys:manage' },
    status: 201,
    answer: createdApiKeySchema,
  })
  async create(
    @CurrentActor() actor: Actor,
    @Body({ schema: createApiKeySchema }) body: z.output<typeof createApiKeySchema>,
  ) {
    return this.apiKeys.create(actor, body);
  }

  @Get()
  @Route({
    summary: 'My API keys, newest first',
    access: { kind: 'permission', permission: 'keys:manage' },
    answer: pageOf(apiKeySchema),
  })
  async list(@CurrentActor() actor: Actor, @Query({ schema: pageQuery }) query: z.output<typeof pageQuery>) {
    return this.apiKeys.list(actor, query);
  }

  @Delete(':id')
  @Route({ summary: 'Revoke a key, at once', access: { kind: 'permission', permission: 'keys:manage' }, status: 204 })
  async revoke(@CurrentActor() actor: Actor, @Param('id') id: string) {
    await this.apiKeys.revoke(actor, id);
  }
}
