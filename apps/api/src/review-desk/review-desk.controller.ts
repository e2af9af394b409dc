import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { Actor } from '../access/actor.js';
import { CurrentActor } from '../access/current-actor.decorator.js';
import { pageOf } from '../common/pagination.js';
import { Route } from '../common/route.decorator.js';
import {
  decisionSchema,
  queueQuery,
  queueSummarySchema,
  reviewDetailSchema,
  reviewSchema,
} from './review-desk.schemas.js';
import { ReviewDeskService } from './review-desk.service.js';

const REVIEWER = { kind: 'role', role: 'reviewer' } as const;

@ApiTags('reviews')
@Controller('v1/admin/reviews')
export class ReviewDeskController {
  constructor(private readonly desk: ReviewDeskService) {}

  @Get()
  @Route({ summary: 'The review queue, oldest due first', access: REVIEWER, answer: pageOf(reviewSchema) })
  async list(@CurrentActor() actor: Actor, @Query({ schema: queueQuery }) query: z.output<typeof queueQuery>) {
    return this.desk.list(actor, query);
  }

  @Get('summary')
  @Route({ summary: 'How much waits, and how much of it too long', access: REVIEWER, answer: queueSummarySchema })
  async summarize() {
    return this.desk.summarize();
  }

  @Get(':id')
  @Route({
    summary: 'One review, with what changed since the last approved version',
    access: REVIEWER,
    answer: reviewDetailSchema,
  })
  async get(@CurrentActor() actor: Actor, @Param('id') id: string) {
    return this.desk.get(actor, id);
  }

  @Post(':id/claim')
  @Route({ summary: 'Say that I work on this; optional', access: REVIEWER, answer: reviewSchema })
  async claim(@CurrentActor() actor: Actor, @Param('id') id: string) {
    return this.desk.claim(actor, id);
  }

  @Delete(':id/claim')
  @Route({ summary: 'Give my claim back', access: REVIEWER, answer: reviewSchema })
  async release(@CurrentActor() actor: Actor, @Param('id') id: string) {
    return this.desk.release(actor, id);
  }

  @Post(':id/decision')
  @Route({ summary: 'Approve or reject; a rejection says why', access: REVIEWER, answer: reviewSchema })
  async decide(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body({ schema: decisionSchema }) body: z.output<typeof decisionSchema>,
  ) {
    return this.desk.decide(actor, id, body);
  }
}
