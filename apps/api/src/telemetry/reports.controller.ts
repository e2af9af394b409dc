import { Controller, Get, Param, Query, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { Actor } from '../access/actor.js';
import { CurrentActor } from '../access/current-actor.decorator.js';
import { notFound } from '../common/app-error.js';
import { Route } from '../common/route.decorator.js';
import {
  breakdownSchema,
  crashSchema,
  crashesSchema,
  liveSchema,
  overviewSchema,
  retentionSchema,
  stabilitySchema,
  timeseriesSchema,
} from './answers.schemas.js';
import { CsvInterceptor, PrivateAnswerInterceptor } from './private-answer.interceptor.js';
import {
  breakdownQuery,
  crashesQuery,
  overviewQuery,
  retentionQuery,
  stabilityQuery,
  timeseriesQuery,
} from './reports.schemas.js';
import { ReportsService } from './reports.service.js';

const READ = { kind: 'permission', permission: 'telemetry:read' } as const;
const FINGERPRINT = /^[0-9a-f]{32}$/;

/** What the roll-ups know of an app. */
@ApiTags('telemetry')
@Controller('v1/apps/:package_id/telemetry')
@UseInterceptors(PrivateAnswerInterceptor)
export class ReportsController {
  constructor(private readonly reports: ReportsService) {}

  @Get('overview')
  @Route({ summary: 'Totals, and those of the period before', access: READ, answer: overviewSchema })
  async overview(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Query({ schema: overviewQuery }) query: z.output<typeof overviewQuery>,
  ) {
    return this.reports.ask(actor, packageId, 'overview', query, {});
  }

  @Get('timeseries')
  @UseInterceptors(CsvInterceptor)
  @Route({
    summary: 'One metric over time, a point per interval, zero included',
    description: 'Also as text/csv.',
    access: READ,
    answer: timeseriesSchema,
  })
  async timeseries(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Query({ schema: timeseriesQuery }) query: z.output<typeof timeseriesQuery>,
  ) {
    const { metric, interval, type, group_by: groupBy } = query;
    const question = { metric, interval, ...(type ? { type } : {}), ...(groupBy ? { groupBy } : {}) };
    return this.reports.ask(actor, packageId, 'timeseries', query, question);
  }

  @Get('breakdown')
  @UseInterceptors(CsvInterceptor)
  @Route({
    summary: 'The most frequent values of a dimension, and the rest',
    description: 'Also as text/csv.',
    access: READ,
    answer: breakdownSchema,
  })
  async breakdown(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Query({ schema: breakdownQuery }) query: z.output<typeof breakdownQuery>,
  ) {
    const { metric, dimension, type, limit } = query;
    return this.reports.ask(actor, packageId, 'breakdown', query, {
      metric,
      dimension,
      limit,
      ...(type ? { type } : {}),
    });
  }

  @Get('retention')
  @Route({ summary: 'Who came back, by the day or week first seen', access: READ, answer: retentionSchema })
  async retention(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Query({ schema: retentionQuery }) query: z.output<typeof retentionQuery>,
  ) {
    return this.reports.ask(actor, packageId, 'retention', query, { interval: query.interval });
  }

  @Get('stability')
  @Route({ summary: 'Sessions and devices without a crash', access: READ, answer: stabilitySchema })
  async stability(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Query({ schema: stabilityQuery }) query: z.output<typeof stabilityQuery>,
  ) {
    const { group_by: groupBy } = query;
    return this.reports.ask(actor, packageId, 'stability', query, groupBy ? { groupBy } : {});
  }

  @Get('crashes')
  @Route({ summary: 'Crashes, the same ones together', access: READ, answer: crashesSchema })
  async crashes(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Query({ schema: crashesQuery }) query: z.output<typeof crashesQuery>,
  ) {
    return this.reports.ask(actor, packageId, 'crashes', query, { kind: query.kind, limit: query.limit });
  }

  @Get('crashes/:fingerprint')
  @Route({ summary: 'One group of crashes', access: READ, answer: crashSchema })
  async crash(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Param('fingerprint') fingerprint: string,
    @Query({ schema: overviewQuery }) query: z.output<typeof overviewQuery>,
  ) {
    if (!FINGERPRINT.test(fingerprint)) throw notFound('group of crashes');
    const crash = await this.reports.ask(actor, packageId, 'crash', query, { fingerprint });
    if (!crash) throw notFound('group of crashes');
    return crash;
  }

  @Get('live')
  @Route({ summary: 'Devices and sessions that are there now', access: READ, answer: liveSchema })
  async live(@CurrentActor() actor: Actor, @Param('package_id') packageId: string) {
    return this.reports.live(actor, packageId);
  }
}
