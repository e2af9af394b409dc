import { Controller, Get, Param, Query, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { Actor } from '../access/actor.js';
import { CurrentActor } from '../access/current-actor.decorator.js';
import { pageOf } from '../common/pagination.js';
import { Route } from '../common/route.decorator.js';
import { rawEventSchema, rejectionsSchema } from './answers.schemas.js';
import { PrivateAnswerInterceptor } from './private-answer.interceptor.js';
import { eventsQuery } from './reports.schemas.js';
import { ReportsService } from './reports.service.js';

const READ = { kind: 'permission', permission: 'telemetry:read' } as const;

/** Events as they came, and those that were refused. */
@ApiTags('telemetry')
@Controller('v1/apps/:package_id/telemetry')
@UseInterceptors(PrivateAnswerInterceptor)
export class RawEventsController {
  constructor(private readonly reports: ReportsService) {}

  @Get('events')
  @Route({
    summary: 'Raw events as they came in, newest first',
    description: 'For debugging an integration.',
    access: READ,
    answer: pageOf(rawEventSchema),
  })
  async listEvents(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Query({ schema: eventsQuery }) query: z.output<typeof eventsQuery>,
  ) {
    return this.reports.listEvents(actor, packageId, query);
  }

  @Get('rejections')
  @Route({
    summary: 'Why events were refused, and what SDKs gave up, in the last 7 days',
    access: READ,
    answer: rejectionsSchema,
  })
  async listRejections(@CurrentActor() actor: Actor, @Param('package_id') packageId: string) {
    return this.reports.listRejections(actor, packageId);
  }
}
