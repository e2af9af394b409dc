import { randomUUID } from 'node:crypto';
import cookie from '@fastify/cookie';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import type { Logger as PinoLogger } from 'pino';
import { IngestKeyAccess } from '../access/ingest-key-access.js';
import { AppModule, type Parts } from '../app.module.js';
import { MetricsService } from '../health/metrics.service.js';
import { JSON_LIMIT_BYTES, addBodyParsers } from './body-parsers.js';
import { closeConnectionsAfterAnswers } from './closing-connections.js';
import { addConsole } from './console.js';
import { addCors } from './cors.js';
import { EarlyFailures } from './early-failures.js';
import { addEtags } from './etags.js';
import { NestLogger, withoutSecretMembers } from './logger.js';
import { addReference } from './reference.js';
import { addSecurityHeaders } from './security-headers.js';
import { addTelemetryBodies } from './telemetry-bodies.js';

/** A slow line may take this long for the largest package. */
const REQUEST_TIMEOUT_MS = 30 * 60 * 1000;

/** What devices ask. */
const DEVICE_ROUTES = ['/v1/telemetry/', '/v1/store/'];
/** A request that took so long is worth a line. */
const SLOW_MS = 1_000;

/** Puts the application behind HTTP; it does not listen yet. */
export async function createHttpApplication(parts: Parts, logger: PinoLogger): Promise<NestFastifyApplication> {
  const { settings } = parts;
  const early = new EarlyFailures(settings.secureCookies);
  const adapter = new FastifyAdapter({
    bodyLimit: JSON_LIMIT_BYTES,
    trustProxy: settings.trustProxy.length > 0 ? settings.trustProxy : false,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: 0,
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    // Refused by a hook instead, with a problem document.
    http: { requireHostHeader: false },
    frameworkErrors: early.answerUnroutable,
    clientErrorHandler: early.answerUnparsed,
    routerOptions: { ignoreTrailingSlash: false, maxParamLength: 1024 },
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(parts), adapter, {
    bodyParser: false,
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  const fastify = app.getHttpAdapter().getInstance();
  await fastify.register(cookie as never);
  addBodyParsers(fastify);
  addSecurityHeaders(fastify, settings.secureCookies);
  addEtags(fastify);
  early.register(fastify);
  closeConnectionsAfterAnswers(fastify);
  addCors(fastify, settings);
  addTelemetryBodies(fastify, app.get(IngestKeyAccess));
  addRequestLog(fastify, withoutSecretMembers(logger), app.get(MetricsService));
  await addReference(fastify);
  addConsole(fastify);
  return app;
}

function addRequestLog(fastify: FastifyInstance, logger: PinoLogger, metrics: MetricsService): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    const { elapsedTime: tookMs, statusCode } = reply;
    metrics.observe(route, request.method, statusCode, tookMs / 1000);
    // What devices ask all day: figures count it, and a line each would be the most of the log, a gigabyte a day of many.
    const isUsual = DEVICE_ROUTES.some((path) => route.startsWith(path)) && statusCode < 400 && tookMs < SLOW_MS;
    const level = isUsual ? 'debug' : 'info';
    if (!logger.isLevelEnabled(level)) return done();
    logger[level](
      {
        'http.request_id': request.id,
        'http.method': request.method,
        // The path alone: a query may hold what somebody searched for, or a token sent to the wrong place.
        'http.path': request.url.split('?')[0],
        'http.status': statusCode,
        'http.duration_ms': Math.round(tookMs * 10) / 10,
      },
      'request',
    );
    done();
  });
}
