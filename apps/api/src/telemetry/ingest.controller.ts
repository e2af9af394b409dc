import { Body, Controller, Post, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiHeader, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { CurrentIngest } from '../access/current-ingest.decorator.js';
import type { IngestGrant } from '../access/ingest-key-access.js';
import { Route } from '../common/route.decorator.js';
import { clientNetwork } from '../limits/client-network.js';
import { batchAnswerSchema, heartbeatSchema, type Heartbeat } from './ingest.schemas.js';
import { IngestService } from './ingest.service.js';

const INGEST = { kind: 'ingest_key' } as const;

@ApiTags('telemetry')
@Controller('v1/telemetry')
export class IngestController {
  constructor(private readonly ingest: IngestService) {}

  @Post('batches')
  @Route({
    summary: 'Send a batch of events',
    description:
      'Answered when the events are on disk. The same batch again gets the same answer and stores nothing. One event that is wrong does not sink its batch. Any origin may send. Up to 500 events and 1 MiB, packed or not.',
    access: INGEST,
    answer: batchAnswerSchema,
  })
  @ApiConsumes('application/json')
  @ApiHeader({ name: 'Content-Encoding', required: false, schema: { type: 'string', enum: ['gzip', 'zstd'] } })
  @ApiHeader({
    name: 'X-Sent-At',
    required: false,
    description: 'The device’s own time at the moment of sending, outside the body so that a retry has the same one.',
    schema: { type: 'string', format: 'date-time' },
  })
  @ApiBody({ schema: batchDocument() })
  async upload(@CurrentIngest() grant: IngestGrant, @Req() request: FastifyRequest) {
    const { headers } = request;
    return this.ingest.upload(grant, {
      body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
      address: clientNetwork(request.ip),
      contentEncoding: headers['content-encoding'],
      sentAt: headers['x-sent-at'] === undefined ? undefined : String(headers['x-sent-at']),
    });
  }

  @Post('heartbeats')
  @Route({
    summary: 'Say that a session is there now',
    description: 'Kept in memory for some minutes; nothing is stored.',
    access: INGEST,
    status: 204,
  })
  async heartbeat(
    @CurrentIngest() grant: IngestGrant,
    @Req() request: FastifyRequest,
    @Body({ schema: heartbeatSchema }) body: Heartbeat,
  ) {
    await this.ingest.heartbeat(grant, request.ip, body);
  }
}

/** The batch for the reference; the writer thread checks it, not a schema here. */
function batchDocument() {
  const text = (maxLength: number) => ({ type: 'string', minLength: 1, maxLength });
  const uuid = { type: 'string', format: 'uuid' };
  const scalar = { type: ['string', 'number', 'boolean', 'null'] };
  return {
    type: 'object',
    required: ['batch_id', 'app_id', 'app_version', 'mosis_version', 'device_id', 'session_id', 'events'],
    additionalProperties: false,
    properties: {
      batch_id: uuid,
      app_id: text(255),
      app_version: text(50),
      mosis_version: text(50),
      device_id: text(128),
      session_id: uuid,
      context: {
        type: 'object',
        additionalProperties: false,
        properties: { os: text(100), device_model: text(100), country: text(2), locale: text(35) },
      },
      events: {
        type: 'array',
        minItems: 1,
        maxItems: 500,
        items: {
          type: 'object',
          required: ['type', 'timestamp'],
          properties: {
            type: { type: 'string', pattern: '^[a-z][a-z0-9_]{0,59}$' },
            timestamp: { type: 'string', format: 'date-time' },
            data: { type: 'object', additionalProperties: scalar, description: 'At most 4 KiB as JSON.' },
          },
        },
      },
      dropped: {
        type: 'object',
        additionalProperties: { type: 'integer', minimum: 0 },
        description: 'How many events the SDK gave up, by reason.',
      },
    },
  } as object;
}
