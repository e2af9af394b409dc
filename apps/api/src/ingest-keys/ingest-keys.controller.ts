import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { Actor } from '../access/actor.js';
import { CurrentActor } from '../access/current-actor.decorator.js';
import { pageOf, pageQuery } from '../common/pagination.js';
import { Route } from '../common/route.decorator.js';
import { Idempotent } from '../idempotency/idempotent.decorator.js';
import { createIngestKeySchema, ingestKeySchema } from './ingest-keys.schemas.js';
import { IngestKeysService } from './ingest-keys.service.js';

const MANAGE = { kind: 'permission', permission: 'keys:manage' } as const;

@ApiTags('ingest-keys')
@Controller('v1/apps/:package_id/ingest-keys')
export class IngestKeysController {
  constructor(private readonly ingestKeys: IngestKeysService) {}

  @Post()
  @Idempotent()
  @Route({ summary: 'Create a key for an app’s telemetry', access: MANAGE, status: 201, answer: ingestKeySchema })
  async create(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Body({ schema: createIngestKeySchema }) body: z.output<typeof createIngestKeySchema>,
  ) {
    return this.ingestKeys.create(actor, packageId, body.name);
  }

  @Get()
  @Route({ summary: 'The ingest keys of an app, newest first', access: MANAGE, answer: pageOf(ingestKeySchema) })
  async list(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Query({ schema: pageQuery }) query: z.output<typeof pageQuery>,
  ) {
    return this.ingestKeys.list(actor, packageId, query);
  }

  @Delete(':id')
  @Route({ summary: 'Revoke an ingest key', access: MANAGE, status: 204 })
  async revoke(@CurrentActor() actor: Actor, @Param('package_id') packageId: string, @Param('id') id: string) {
    await this.ingestKeys.revoke(actor, packageId, id);
  }
}
