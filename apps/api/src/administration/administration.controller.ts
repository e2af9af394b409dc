import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { Actor } from '../access/actor.js';
import { CurrentActor } from '../access/current-actor.decorator.js';
import { apiKeySchema } from '../api-keys/api-keys.schemas.js';
import { appSchema } from '../apps/apps.schemas.js';
import { pageOf, pageQuery } from '../common/pagination.js';
import { Route } from '../common/route.decorator.js';
import { signingKeySchema } from '../signing-keys/signing-keys.schemas.js';
import { versionSchema, yankSchema } from '../versions/versions.schemas.js';
import { YanksService } from '../versions/yanks.service.js';
import {
  adminAppSchema,
  adminAppsQuery,
  adminDeveloperSchema,
  auditQuery,
  auditRowSchema,
  developersQuery,
  reasonSchema,
  systemSchema,
  updateDeveloperSchema,
} from './administration.schemas.js';
import { AdministrationService } from './administration.service.js';
import { AuditLogService } from './audit-log.service.js';
import { SystemService } from './system.service.js';

const ADMIN = { kind: 'role', role: 'admin' } as const;

@ApiTags('administration')
@Controller('v1/admin')
export class AdministrationController {
  constructor(
    private readonly administration: AdministrationService,
    private readonly auditLog: AuditLogService,
    private readonly yanks: YanksService,
    private readonly system: SystemService,
  ) {}

  @Get('developers')
  @Route({ summary: 'Accounts, newest first', access: ADMIN, answer: pageOf(adminDeveloperSchema) })
  async listDevelopers(@Query({ schema: developersQuery }) query: z.output<typeof developersQuery>) {
    return this.administration.listDevelopers(query);
  }

  @Get('developers/:id')
  @Route({ summary: 'One account', access: ADMIN, answer: adminDeveloperSchema })
  async getDeveloper(@Param('id') id: string) {
    return this.administration.getDeveloper(id);
  }

  @Get('developers/:id/signing-keys')
  @Route({ summary: 'An account’s signing keys, newest first', access: ADMIN, answer: pageOf(signingKeySchema) })
  async listSigningKeys(@Param('id') id: string, @Query({ schema: pageQuery }) page: z.output<typeof pageQuery>) {
    return this.administration.listSigningKeys(id, page);
  }

  @Get('developers/:id/api-keys')
  @Route({ summary: 'An account’s API keys, newest first', access: ADMIN, answer: pageOf(apiKeySchema) })
  async listApiKeys(@Param('id') id: string, @Query({ schema: pageQuery }) page: z.output<typeof pageQuery>) {
    return this.administration.listApiKeys(id, page);
  }

  @Patch('developers/:id')
  @Route({ summary: 'Change an account’s role or verification', access: ADMIN, answer: adminDeveloperSchema })
  async updateDeveloper(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body({ schema: updateDeveloperSchema }) body: z.output<typeof updateDeveloperSchema>,
  ) {
    return this.administration.updateDeveloper(actor, id, body);
  }

  @Post('developers/:id/suspend')
  @Route({ summary: 'Suspend an account and everything of it', access: ADMIN, answer: adminDeveloperSchema })
  async suspendDeveloper(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body({ schema: reasonSchema }) body: z.output<typeof reasonSchema>,
  ) {
    return this.administration.suspendDeveloper(actor, id, body.reason);
  }

  @Post('developers/:id/unsuspend')
  @Route({ summary: 'Lift a suspension', access: ADMIN, answer: adminDeveloperSchema })
  async unsuspendDeveloper(@CurrentActor() actor: Actor, @Param('id') id: string) {
    return this.administration.unsuspendDeveloper(actor, id);
  }

  @Get('apps')
  @Route({ summary: 'Apps, newest first', access: ADMIN, answer: pageOf(adminAppSchema) })
  async listApps(@Query({ schema: adminAppsQuery }) query: z.output<typeof adminAppsQuery>) {
    return this.administration.listApps(query);
  }

  @Post('apps/:package_id/suspend')
  @Route({ summary: 'Suspend an app: out of the store, no work on it', access: ADMIN, answer: appSchema })
  async suspendApp(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Body({ schema: reasonSchema }) body: z.output<typeof reasonSchema>,
  ) {
    return this.administration.suspendApp(actor, packageId, body.reason);
  }

  @Post('apps/:package_id/unsuspend')
  @Route({ summary: 'Lift a suspension; the app is what it was', access: ADMIN, answer: appSchema })
  async unsuspendApp(@CurrentActor() actor: Actor, @Param('package_id') packageId: string) {
    return this.administration.unsuspendApp(actor, packageId);
  }

  @Post('apps/:package_id/versions/:version_code/yank')
  @Route({ summary: 'Yank a version; its owner cannot undo it', access: ADMIN, answer: versionSchema })
  async yank(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Param('version_code') versionCode: string,
    @Body({ schema: yankSchema }) body: z.output<typeof yankSchema>,
  ) {
    return this.yanks.yankAsAdmin(actor, packageId, versionCode, body.reason);
  }

  @Post('apps/:package_id/versions/:version_code/unyank')
  @Route({ summary: 'Undo an admin’s yank', access: ADMIN, answer: versionSchema })
  async unyank(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Param('version_code') versionCode: string,
  ) {
    return this.yanks.unyankAsAdmin(actor, packageId, versionCode);
  }

  @Get('audit-log')
  @Route({ summary: 'The audit log, newest first', access: ADMIN, answer: pageOf(auditRowSchema) })
  async listAudit(@Query({ schema: auditQuery }) query: z.output<typeof auditQuery>) {
    return this.auditLog.search(query);
  }

  @Get('system')
  @Route({ summary: 'How the server is, and what is wrong in plain words', access: ADMIN, answer: systemSchema })
  async getSystem() {
    return this.system.report();
  }
}
