import { Injectable } from '@nestjs/common';
import { TelemetryEngine, type UploadOutcome } from '@mosis/telemetry';
import type { IngestGrant } from '../access/ingest-key-access.js';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { PROBLEMS, type ProblemCode } from '../common/problems.js';
import { RequestLimits } from '../limits/request-limits.js';
import type { BatchAnswer, Heartbeat } from './ingest.schemas.js';

/** One upload as the network brought it. */
export interface SentBatch {
  body: Buffer;
  /** For limits alone; it is never stored. */
  address: string;
  contentEncoding?: string | undefined;
  sentAt?: string | undefined;
}

type Refusal = Extract<UploadOutcome, { kind: 'refused' }>;

/** What a refusal becomes whose word this table of problems does not have. */
const BY_STATUS: Record<number, ProblemCode> = {
  400: 'body-unreadable',
  403: 'quota-spent',
  409: 'batch-id-reused',
  413: 'body-too-large',
  415: 'media-type-unsupported',
  422: 'validation-failed',
  429: 'rate-limited',
  503: 'overloaded',
};

/** Takes what devices send. */
@Injectable()
export class IngestService {
  constructor(
    private readonly engine: TelemetryEngine,
    private readonly limits: RequestLimits,
    private readonly clock: Clock,
  ) {}

  /**
   * Stores a batch; resolves when it is on disk.
   *
   * @throws AppError for whatever the engine refuses
   */
  async upload(grant: IngestGrant, batch: SentBatch): Promise<BatchAnswer> {
    const outcome = await this.engine.upload({
      packageId: grant.packageId,
      keyId: grant.keyId,
      address: batch.address,
      body: batch.body,
      contentEncoding: batch.contentEncoding,
      sentAt: batch.sentAt,
    });
    if (outcome.kind === 'refused') throw toAppError(outcome);
    return { ...outcome.answer, server_time: this.clock.timestamp() };
  }

  /** Notes that a session is there now. @throws AppError `app-mismatch`, `rate-limited` */
  async heartbeat(grant: IngestGrant, address: string, heartbeat: Heartbeat): Promise<void> {
    await this.limits.consume('heartbeat/address', address);
    await this.limits.consume('heartbeat/key', grant.keyId);
    if (heartbeat.app_id.toLowerCase() !== grant.packageId.toLowerCase()) {
      throw new AppError('app-mismatch', `This ingest key belongs to ${grant.packageId}.`, {
        errors: [{ pointer: '/app_id', code: 'app-mismatch', detail: `Must be ${grant.packageId}.` }],
      });
    }
    this.engine.heartbeat({
      packageId: grant.packageId,
      deviceId: heartbeat.device_id,
      sessionId: heartbeat.session_id,
      appVersion: heartbeat.app_version,
    });
  }
}

/** A refusal of the engine in the words of the API; one that the API has no word for keeps its status and its detail. */
export function toAppError(refusal: Refusal): AppError {
  const { status, code, detail, errors, retryAfterSeconds } = refusal;
  const known = Object.hasOwn(PROBLEMS, code) && PROBLEMS[code as ProblemCode][0] === status;
  return new AppError(known ? (code as ProblemCode) : (BY_STATUS[status] ?? 'internal-error'), detail, {
    routine: status < 500 || status === 503,
    ...(errors ? { errors } : {}),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}
