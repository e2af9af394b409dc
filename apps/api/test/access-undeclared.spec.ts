import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import cookie from '@fastify/cookie';
import { Access } from '../src/access/access.decorator.js';
import { AppModule } from '../src/app.module.js';
import { migrateAll } from '../src/cli/migrate.js';
import { openParts } from '../src/cli/open-parts.js';
import { readSettings } from '../src/config/settings.js';

@Controller('planted')
class PlantedController {
  @Get('undeclared')
  undeclared() {
    return { reached: true };
  }

  @Get('declared')
  @Access({ kind: 'public' })
  declared() {
    return { reached: true };
  }
}

describe('a route that does not declare whom it admits', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'mosis-api-'));
  let app: NestFastifyApplication;
  beforeAll(async () => {
    const settings = readSettings({ DATA_DIR: dataDir, NODE_ENV: 'test' });
    migrateAll(settings);
    const imports = [AppModule.with(await openParts(settings))];
    class Planted {}
    Module({ imports, controllers: [PlantedController] })(Planted);
    app = await NestFactory.create<NestFastifyApplication>(Planted, new FastifyAdapter(), { logger: false });
    await app.register(cookie as never);
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
  });
  afterAll(async () => {
    await app.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('admits nobody, although its neighbour is reached', async () => {
    expect((await app.inject('/planted/declared')).json()).toEqual({ reached: true });
    const answer = await app.inject('/planted/undeclared');
    expect(answer.statusCode).toBe(403);
    expect(answer.json()).toMatchObject({ code: 'access-undeclared' });
  });
});
