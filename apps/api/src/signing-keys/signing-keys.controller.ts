import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { Actor } from '../access/actor.js';
import { CurrentActor } from '../access/current-actor.decorator.js';
import { pageOf, pageQuery } from '../common/pagination.js';
import { Route } from '../common/route.decorator.js';
import { Idempotent } from '../idempotency/idempotent.decorator.js';
import { createSigningKeySchema, signingKeySchema } from './signing-keys.schemas.js';
import { SigningKeysService } from './signing-keys.service.js';

@ApiTags('signing-keys')
@Controller('v1/signing-keys')
export class SigningKeysController {
  constructor(private readonly signingKeys: SigningKeysService) {}

  @Post()
  @Idempotent()
  @Route({ summary: 'Register a signing key', access: { kind: 'session' }, status: 201, answer: signingKeySchema })
  async create(
    @CurrentActor() actor: Actor,
    @Body({ schema: createSigningKeySchema }) body: z.output<typeof createSigningKeySchema>,
  ) {
    return this.signingKeys.create(actor, body.name, body.public_key);
  }

  @Get()
  @Route({ summary: 'My signing keys, newest first', access: { kind: 'session' }, answer: pageOf(signingKeySchema) })
  async list(@CurrentActor() actor: Actor, @Query({ schema: pageQuery }) query: z.output<typeof pageQuery>) {
    return this.signingKeys.list(actor, query);
  }

  @Delete(':id')
  @Route({
    summary: 'Deactivate a signing key',
    description: 'Final: a deactivated key verifies and publishes nothing any more.',
    access: { kind: 'session' },
    status: 204,
  })
  async deactivate(@CurrentActor() actor: Actor, @Param('id') id: string) {
    await this.signingKeys.deactivate(actor, id);
  }
}
