import { Body, Controller, Delete, Get, Param, Patch, Post, Query, Req, Res, StreamableFile } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { z } from 'zod';
import type { Actor } from '../access/actor.js';
import { CurrentActor } from '../access/current-actor.decorator.js';
import { AppError } from '../common/app-error.js';
import { pageOf } from '../common/pagination.js';
import { Route } from '../common/route.decorator.js';
import { IdempotentUpload } from '../idempotency/idempotent.decorator.js';
import { PackageFilesService } from './package-files.service.js';
import { UploadsService } from './uploads.service.js';
import { filesSchema, listVersionsQuery, updateVersionSchema, versionSchema, yankSchema } from './versions.schemas.js';
import { VersionsService } from './versions.service.js';
import { YanksService } from './yanks.service.js';

const READ = { kind: 'permission', permission: 'apps:read' } as const;
const WRITE = { kind: 'permission', permission: 'apps:write' } as const;
const UPLOAD = { kind: 'permission', permission: 'versions:upload' } as const;
const PUBLISH = { kind: 'permission', permission: 'versions:publish' } as const;

@ApiTags('versions')
@Controller('v1/apps/:package_id/versions')
export class VersionsController {
  constructor(
    private readonly versions: VersionsService,
    private readonly uploads: UploadsService,
    private readonly yanks: YanksService,
    private readonly files: PackageFilesService,
  ) {}

  @Post()
  @IdempotentUpload()
  @ApiConsumes('application/octet-stream')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @Route({
    summary: 'Upload a signed package as a draft',
    description: 'The body is the package itself. Every required check has passed when the answer is 201.',
    access: UPLOAD,
    status: 201,
    answer: versionSchema,
  })
  async upload(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    if (!(body instanceof Readable)) {
      throw new AppError('media-type-unsupported', 'Send the package itself as application/octet-stream.');
    }
    const length = request.headers['content-length'];
    const { version, replayed } = await this.uploads.upload(actor, packageId, {
      body,
      declaredBytes: length === undefined ? undefined : Number(length),
      idempotencyKey: request.headers['idempotency-key'],
    });
    if (replayed) void reply.header('idempotency-replayed', 'true');
    return version;
  }

  @Get()
  @Route({ summary: 'Versions of an app, highest code first', access: READ, answer: pageOf(versionSchema) })
  async list(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Query({ schema: listVersionsQuery }) query: z.output<typeof listVersionsQuery>,
  ) {
    return this.versions.list(actor, packageId, query);
  }

  @Get(':version_code')
  @Route({ summary: 'One version', access: READ, answer: versionSchema })
  async get(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Param('version_code') versionCode: string,
  ) {
    return this.versions.get(actor, packageId, versionCode);
  }

  @Patch(':version_code')
  @Route({ summary: 'Change the release notes of a draft', access: UPLOAD, answer: versionSchema })
  async update(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Param('version_code') versionCode: string,
    @Body({ schema: updateVersionSchema }) body: z.output<typeof updateVersionSchema>,
  ) {
    return this.versions.update(actor, packageId, versionCode, body);
  }

  @Delete(':version_code')
  @Route({ summary: 'Delete a draft; its code stays used', access: UPLOAD, status: 204 })
  async remove(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Param('version_code') versionCode: string,
  ) {
    await this.versions.remove(actor, packageId, versionCode);
  }

  @Post(':version_code/submit')
  @Route({ summary: 'Submit a draft and its listing for review', access: UPLOAD, answer: versionSchema })
  async submit(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Param('version_code') versionCode: string,
  ) {
    return this.versions.submit(actor, packageId, versionCode);
  }

  @Post(':version_code/withdraw')
  @Route({ summary: 'Take a submission back', access: UPLOAD, answer: versionSchema })
  async withdraw(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Param('version_code') versionCode: string,
  ) {
    return this.versions.withdraw(actor, packageId, versionCode);
  }

  @Post(':version_code/publish')
  @Route({ summary: 'Put an approved version into the store', access: PUBLISH, answer: versionSchema })
  async publish(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Param('version_code') versionCode: string,
  ) {
    return this.versions.publish(actor, packageId, versionCode);
  }

  @Post(':version_code/yank')
  @Route({ summary: 'Stop offering a published version', access: WRITE, answer: versionSchema })
  async yank(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Param('version_code') versionCode: string,
    @Body({ schema: yankSchema }) body: z.output<typeof yankSchema>,
  ) {
    return this.yanks.yank(actor, packageId, versionCode, body.reason);
  }

  @Post(':version_code/unyank')
  @Route({ summary: 'Offer a version again that I yanked', access: WRITE, answer: versionSchema })
  async unyank(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Param('version_code') versionCode: string,
  ) {
    return this.yanks.unyank(actor, packageId, versionCode);
  }

  @Get(':version_code/package')
  @Route({ summary: 'The package, for its owner and for staff', access: READ, bytes: 'application/octet-stream' })
  async package(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Param('version_code') versionCode: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { stream, sizeBytes, sha256, fileName } = await this.files.openPackage(
      actor,
      packageId,
      versionCode,
      request.method,
    );
    void reply.header('etag', `"${sha256}"`).header('cache-control', 'private, no-store');
    return new StreamableFile(stream, {
      type: 'application/octet-stream',
      length: sizeBytes,
      disposition: `attachment; filename="${fileName}"`,
    });
  }

  @Get(':version_code/files')
  @Route({ summary: 'What the package holds', access: READ, answer: filesSchema })
  async listFiles(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Param('version_code') versionCode: string,
  ) {
    const { json, sizeBytes } = await this.files.list(actor, packageId, versionCode);
    return new StreamableFile(json, { type: 'application/json; charset=utf-8', length: sizeBytes });
  }

  @Get(':version_code/files/*')
  @Route({
    summary: 'One file of the package, as a download',
    description:
      'Always application/octet-stream as an attachment: nothing out of a package is rendered under our origin.',
    access: READ,
    bytes: 'application/octet-stream',
  })
  async readFile(
    @CurrentActor() actor: Actor,
    @Param('package_id') packageId: string,
    @Param('version_code') versionCode: string,
    @Param('*') path: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { content, sizeBytes, fileName } = await this.files.openFile(actor, packageId, versionCode, path, {
      method: request.method,
      gone: goneSignal(reply),
    });
    void reply.header('cache-control', 'private, no-store');
    // RFC 8187 allows fewer characters than encodeURIComponent leaves alone.
    const name = encodeURIComponent(fileName).replaceAll(
      /['()*]/g,
      (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
    );
    const options = {
      type: 'application/octet-stream',
      length: sizeBytes,
      disposition: `attachment; filename*=UTF-8''${name}`,
    };
    return Buffer.isBuffer(content) ? new StreamableFile(content, options) : new StreamableFile(content, options);
  }
}

/** Aborts when the client is gone before it has its answer. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  const leave = () => gone.abort(new AppError('request-invalid', 'The connection ended before the answer did.'));
  if (reply.raw.closed) leave();
  else reply.raw.once('close', leave);
  return gone.signal;
}
