import { Body, Controller, Get, Param, Post, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { Actor } from '../access/actor.js';
import { CurrentActor } from '../access/current-actor.decorator.js';
import { Route } from '../common/route.decorator.js';
import { Idempotent } from '../idempotency/idempotent.decorator.js';
import { erasureSchema } from './answers.schemas.js';
import { eraseSchema } from './erasures.schemas.js';
import { ErasuresService } from './erasures.service.js';
import { PrivateAnswerInterceptor } from './private-answer.interceptor.js';

const ERASE = { kind: 'permission', permission: 'telemetry:erase' } as const;

@ApiTags('telemetry')
@Controller('v1/apps/:package_id/telemetry/erasures')
@UseInterceptors(PrivateAnswerInterceptor)
export class ErasuresController {
  constructor(private readonly erasures: ErasuresService) {}

  @Post()
  @Idempotent()
  @Route({
    summary: 'Forget one device',
    description: 'The wish is on disk when this is answered; the work goes on behind it.',
    access: ERASE,
    status: 202,
    answer: erasureSchema,
  })
  async request(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Body({ schema: eraseSchema }) body: z.output<typeof eraseSchema>,
  ) {
    return this.erasures.request(actor, packageId, body.device_id);
  }

  @Get(':erasure')
  @Route({ summary: 'How an erasure stands', access: ERASE, answer: erasureSchema })
  async get(@CurrentActor() actor: Actor, @Param('package_id') packageId: string, @Param('erasure') erasure: string) {
    return this.erasures.get(actor, packageId, erasure);
  }
}
