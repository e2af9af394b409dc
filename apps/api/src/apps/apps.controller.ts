import { Body, Controller, Delete, Get, Param, Patch, Post, Put, Query, Res, StreamableFile } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Actor } from '../access/actor.js';
import { CurrentActor } from '../access/current-actor.decorator.js';
import { AppError } from '../common/app-error.js';
import { pageOf } from '../common/pagination.js';
import { Route } from '../common/route.decorator.js';
import { Idempotent } from '../idempotency/idempotent.decorator.js';
import { AppRemovalService } from './app-removal.service.js';
import { appSchema, createAppSchema, listAppsQuery, updateAppSchema } from './apps.schemas.js';
import { AppsService } from './apps.service.js';
import { IconsService } from './icons.service.js';
import { ListingsService } from './listings.service.js';

const READ = { kind: 'permission', permission: 'apps:read' } as const;
const WRITE = { kind: 'permission', permission: 'apps:write' } as const;

@ApiTags('apps')
@Controller('v1/apps')
export class AppsController {
  constructor(
    private readonly apps: AppsService,
    private readonly listings: ListingsService,
    private readonly removal: AppRemovalService,
    private readonly icons: IconsService,
  ) {}

  @Post()
  @Idempotent()
  @Route({ summary: 'Create an app', access: WRITE, status: 201, answer: appSchema })
  async create(
    @CurrentActor() actor: Actor,
    @Body({ schema: createAppSchema }) body: z.output<typeof createAppSchema>,
  ) {
    return this.apps.create(actor, body);
  }

  @Get()
  @Route({ summary: 'My apps, newest first', access: READ, answer: pageOf(appSchema) })
  async list(@CurrentActor() actor: Actor, @Query({ schema: listAppsQuery }) query: z.output<typeof listAppsQuery>) {
    return this.apps.list(actor, query);
  }

  @Get(':package_id')
  @Route({ summary: 'One app', access: READ, answer: appSchema })
  async get(@CurrentActor() actor: Actor, @Param('package_id') packageId: string) {
    return this.apps.get(actor, packageId);
  }

  @Patch(':package_id')
  @Route({
    summary: 'Change the listing',
    description:
      'Of an app that was published, the change waits as `pending_listing` for a review while the live listing stays.',
    access: WRITE,
    answer: appSchema,
  })
  async update(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Body({ schema: updateAppSchema }) body: z.output<typeof updateAppSchema>,
  ) {
    await this.listings.update(actor, packageId, body);
    return this.apps.get(actor, packageId);
  }

  @Delete(':package_id')
  @Route({ summary: 'Delete an app that was never published', access: WRITE, status: 204 })
  async remove(@CurrentActor() actor: Actor, @Param('package_id') packageId: string) {
    await this.removal.remove(actor, packageId);
  }

  @Post(':package_id/withdraw')
  @Route({ summary: 'Take the app out of the store', access: WRITE, answer: appSchema })
  async withdraw(@CurrentActor() actor: Actor, @Param('package_id') packageId: string) {
    return this.apps.withdraw(actor, packageId);
  }

  @Post(':package_id/restore')
  @Route({ summary: 'Bring a withdrawn app back', access: WRITE, answer: appSchema })
  async restore(@CurrentActor() actor: Actor, @Param('package_id') packageId: string) {
    return this.apps.restore(actor, packageId);
  }

  @Put(':package_id/icon')
  @ApiConsumes('image/png')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @Route({ summary: 'Set the icon: a PNG, which is re-encoded', access: WRITE, answer: appSchema })
  async setIcon(@CurrentActor() actor: Actor, @Param('package_id') packageId: string, @Body() image: unknown) {
    if (!Buffer.isBuffer(image)) throw new AppError('media-type-unsupported', 'Send the image itself as image/png.');
    await this.listings.setIcon(actor, packageId, image);
    return this.apps.get(actor, packageId);
  }

  @Delete(':package_id/icon')
  @Route({ summary: 'Remove the icon', access: WRITE, answer: appSchema })
  async removeIcon(@CurrentActor() actor: Actor, @Param('package_id') packageId: string) {
    await this.listings.removeIcon(actor, packageId);
    return this.apps.get(actor, packageId);
  }

  @Get(':package_id/icons/:sha256')
  @Route({ summary: 'An icon of the app, live, drafted or waiting', access: READ, bytes: 'image/png' })
  async getIcon(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Param('sha256') sha256: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const icon = await this.icons.readOfApp(actor, packageId, sha256);
    void reply.header('cache-control', 'private, max-age=31536000, immutable');
    return new StreamableFile(icon, { type: 'image/png', disposition: 'inline' });
  }
}
