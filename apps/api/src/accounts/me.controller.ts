import { Body, Controller, Delete, Get, Patch, Post, Res, StreamableFile } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Actor } from '../access/actor.js';
import { CurrentActor } from '../access/current-actor.decorator.js';
import { SESSION_COOKIE } from '../access/credentials.js';
import { Route } from '../common/route.decorator.js';
import { AccountsService } from './accounts.service.js';
import { changePasswordSchema, developerSchema, exportSchema, updateMeSchema } from './accounts.schemas.js';
import { AccountExportService } from './account-export.service.js';
import { ProfileService } from './profile.service.js';

@ApiTags('me')
@Controller('v1/me')
export class MeController {
  constructor(
    private readonly profile: ProfileService,
    private readonly accounts: AccountsService,
    private readonly exports: AccountExportService,
  ) {}

  @Get()
  @Route({ summary: 'My account', access: { kind: 'session' }, answer: developerSchema })
  async get(@CurrentActor() actor: Actor) {
    return this.profile.get(actor);
  }

  @Patch()
  @Route({
    summary: 'Change my name',
    description: 'The store shows the new name once a review has approved it.',
    access: { kind: 'session' },
    answer: developerSchema,
  })
  async update(@CurrentActor() actor: Actor, @Body({ schema: updateMeSchema }) body: z.output<typeof updateMeSchema>) {
    return this.profile.rename(actor, body.name);
  }

  @Delete()
  @Route({
    summary: 'Delete my account',
    description: 'Apps that were never published go with it; published ones stay in the store.',
    access: { kind: 'session' },
    status: 204,
  })
  async delete(@CurrentActor() actor: Actor, @Res({ passthrough: true }) reply: FastifyReply) {
    await this.profile.delete(actor);
    void reply.clearCookie(SESSION_COOKIE, { path: '/' });
  }

  @Post('password')
  @Route({ summary: 'Change my password; ends every other session', access: { kind: 'session' }, status: 204 })
  async changePassword(
    @CurrentActor() actor: Actor,
    @Body({ schema: changePasswordSchema }) body: z.output<typeof changePasswordSchema>,
  ) {
    await this.accounts.changePassword(actor, body.current_password, body.new_password);
  }

  @Get('export')
  @Route({ summary: 'Everything the platform holds about me', access: { kind: 'session' }, answer: exportSchema })
  async export(@CurrentActor() actor: Actor) {
    return new StreamableFile(await this.exports.open(actor), {
      type: 'application/json; charset=utf-8',
      disposition: 'attachment; filename="mosis-export.json"',
    });
  }
}
