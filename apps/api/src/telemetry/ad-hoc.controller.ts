import { Body, Controller, Get, Param, Post, Query, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { AdHocQuery } from '@mosis/telemetry';
import type { Actor } from '../access/actor.js';
import { CurrentActor } from '../access/current-actor.decorator.js';
import { Route } from '../common/route.decorator.js';
import { AdHocService } from './ad-hoc.service.js';
import { adHocAnswerSchema, funnelSchema, topSchema } from './answers.schemas.js';
import { PrivateAnswerInterceptor } from './private-answer.interceptor.js';
import { adHocSchema, funnelQuery, topQuery, type AdHocRequest } from './reports.schemas.js';

const READ = { kind: 'permission', permission: 'telemetry:read' } as const;
const AD_HOC = 'Over raw events, as far back as they are kept; ended after 10 seconds with `query-too-slow`.';

/** What is asked of the events themselves. */
@ApiTags('telemetry')
@Controller('v1/apps/:package_id/telemetry')
@UseInterceptors(PrivateAnswerInterceptor)
export class AdHocController {
  constructor(private readonly adHoc: AdHocService) {}

  @Get('top')
  @Route({ summary: 'The most frequent values of one field', description: AD_HOC, access: READ, answer: topSchema })
  async top(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Query({ schema: topQuery }) query: z.output<typeof topQuery>,
  ) {
    const { type, field, limit } = query;
    return this.adHoc.ask(actor, packageId, 'top', query, { type, field, limit });
  }

  @Get('funnel')
  @Route({
    summary: 'How many devices got from step to step',
    description: AD_HOC,
    access: READ,
    answer: funnelSchema,
  })
  async funnel(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Query({ schema: funnelQuery }) query: z.output<typeof funnelQuery>,
  ) {
    return this.adHoc.askFunnel(actor, packageId, query);
  }

  @Post('query')
  @Route({
    summary: 'Count events, sessions or devices by any field',
    description: AD_HOC,
    access: READ,
    answer: adHocAnswerSchema,
  })
  async query(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Body({ schema: adHocSchema }) body: AdHocRequest,
  ) {
    const { metric, filters, group_by, interval, limit } = body;
    return this.adHoc.ask(actor, packageId, 'query', body, {
      metric,
      limit,
      // The schema has the same fields; it cannot say so in a template type.
      filters: filters as AdHocQuery['filters'],
      groupBy: group_by as AdHocQuery['groupBy'],
      ...(interval ? { interval } : {}),
    });
  }
}
