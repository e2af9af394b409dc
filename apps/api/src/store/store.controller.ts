import { Body, Controller, Get, Param, Post, Query, Req, Res, StreamableFile } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AppError } from '../common/app-error.js';
import { parseRange } from '../common/byte-range.js';
import { Etag, matchesEtag } from '../common/etag.js';
import { pageOf } from '../common/pagination.js';
import { Route } from '../common/route.decorator.js';
import { RequestLimits } from '../limits/request-limits.js';
import { VerifiedObjectsService } from '../objects/verified-objects.service.js';
import { categoriesSchema, searchQuery, storeAppSchema, updatesAnswerSchema, updatesSchema } from './store.schemas.js';
import { StoreService } from './store.service.js';

const PUBLIC = { kind: 'public' } as const;

@ApiTags('store')
@Controller('v1/store')
export class StoreController {
  constructor(
    private readonly store: StoreService,
    private readonly objects: VerifiedObjectsService,
    private readonly limits: RequestLimits,
  ) {}

  @Get('apps')
  @Etag()
  @Route({ summary: 'Search the store, or list it', access: PUBLIC, answer: pageOf(storeAppSchema) })
  async search(@Query({ schema: searchQuery }) query: z.output<typeof searchQuery>, @Req() request: FastifyRequest) {
    await this.limits.consume('search/address', request.ip);
    return this.store.search(query);
  }

  @Get('apps/:package_id')
  @Etag()
  @Route({ summary: 'One app of the store', access: PUBLIC, answer: storeAppSchema })
  async getApp(@Param('package_id') packageId: string) {
    return this.store.getApp(packageId);
  }

  @Get('categories')
  @Etag()
  @Route({ summary: 'Categories, with how many apps each has', access: PUBLIC, answer: categoriesSchema })
  async listCategories() {
    return this.store.listCategories();
  }

  @Post('updates')
  @Route({
    summary: 'Updates for installed apps',
    description: 'For each app the highest version above the installed one whose min_mosis_version the device has.',
    access: PUBLIC,
    answer: updatesAnswerSchema,
  })
  async findUpdates(@Body({ schema: updatesSchema }) body: z.output<typeof updatesSchema>) {
    return { updates: await this.store.findUpdates(body.mosis_version, body.installed) };
  }

  @Get('packages/:sha256')
  @Route({
    summary: 'Download a package',
    description: 'The bytes never change, so they may be cached for ever. One Range is honoured.',
    access: PUBLIC,
    bytes: 'application/octet-stream',
  })
  async download(
    @Param('sha256') sha256: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { sizeBytes, fileName } = await this.store.getPackage(sha256);
    const etag = `"${sha256}"`;
    void reply.header('accept-ranges', 'bytes');
    const lasting = { etag, 'cache-control': 'public, max-age=31536000, immutable' };
    if (matchesEtag(request.headers['if-none-match'], etag)) {
      void reply.headers(lasting).status(304);
      return undefined;
    }
    const ifRange = request.headers['if-range'];
    const range = ifRange === undefined || ifRange === etag ? readRange(request, reply, sizeBytes) : undefined;
    const stream = await this.objects.openPackage(request.method, { sha256, sizeBytes }, range);
    // Not before it is open: a failure must not be kept.
    void reply.headers(lasting);
    if (range) void reply.status(206).header('content-range', `bytes ${range.start}-${range.end}/${sizeBytes}`);
    return new StreamableFile(stream, {
      type: 'application/octet-stream',
      length: range ? range.end - range.start + 1 : sizeBytes,
      disposition: `attachment; filename="${fileName}"`,
    });
  }

  @Get('icons/:sha256')
  @Route({ summary: 'An icon of the store', access: PUBLIC, bytes: 'image/png' })
  async getIcon(
    @Param('sha256') sha256: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const icon = await this.store.getIcon(sha256);
    const etag = `"${sha256}"`;
    void reply.headers({ etag, 'cache-control': 'public, max-age=31536000, immutable' });
    if (matchesEtag(request.headers['if-none-match'], etag)) {
      void reply.status(304);
      return undefined;
    }
    return new StreamableFile(icon, { type: 'image/png', disposition: 'inline' });
  }
}

function readRange(request: FastifyRequest, reply: FastifyReply, sizeBytes: number) {
  try {
    return parseRange(request.headers.range, sizeBytes);
  } catch (error) {
    if (error instanceof AppError) void reply.header('content-range', `bytes */${sizeBytes}`);
    throw error;
  }
}
