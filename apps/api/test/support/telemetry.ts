import { randomUUID } from 'node:crypto';
import { expectStatus, type Publisher } from './actors.js';
import type { Answer, Client } from './client.js';
import type { TestPlatform } from './platform.js';

/** One event as a device sends it; `minutesAgo` is measured on the platform's clock. */
export interface SentEvent {
  type: string;
  minutesAgo?: number;
  at?: string;
  data?: Record<string, unknown>;
}

/** What a test's batch says of itself, all of it with something usual for what is left out. */
export interface SentBatch {
  batchId?: string;
  deviceId?: string;
  sessionId?: string;
  appVersion?: string;
  context?: Record<string, string>;
  more?: Record<string, unknown>;
}

/** An app with an ingest key, and a device's way to send to it. */
export class Sender {
  readonly client: Client;

  constructor(
    private readonly platform: TestPlatform,
    readonly packageId: string,
    readonly key: string,
  ) {
    this.client = platform.client();
  }

  /** A batch as JSON. */
  batch(events: SentEvent[], batch: SentBatch = {}): Record<string, unknown> {
    return {
      batch_id: batch.batchId ?? randomUUID(),
      app_id: this.packageId,
      app_version: batch.appVersion ?? '1.0.0',
      mosis_version: '1.0.0',
      device_id: batch.deviceId ?? 'device',
      session_id: batch.sessionId ?? randomUUID(),
      ...(batch.context ? { context: batch.context } : {}),
      events: events.map(({ type, minutesAgo = 0, at, data }) => ({
        type,
        timestamp: at ?? new Date(this.platform.clock.now().getTime() - minutesAgo * 60_000).toISOString(),
        ...(data ? { data } : {}),
      })),
      ...batch.more,
    };
  }

  /** Sends a batch as it is written. */
  async post(body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    return this.client.post('/v1/telemetry/batches', bytes, {
      'x-ingest-key': this.key,
      'content-type': 'application/json',
      ...headers,
    });
  }

  /** Sends events and expects every one of them to be stored. */
  async send(events: SentEvent[], batch: SentBatch = {}): Promise<void> {
    const answer = await this.post(this.batch(events, batch));
    expectStatus(answer, 200);
    expect(answer.body).toMatchObject({ accepted: events.length, rejected: [], duplicate: false });
  }
}

/** Makes an ingest key for an app and a sender with it. */
export async function createSender(platform: TestPlatform, app: Publisher, name = 'device'): Promise<Sender> {
  const answer = await app.client.post(`/v1/apps/${app.packageId}/ingest-keys`, { name });
  expectStatus(answer, 201);
  return new Sender(platform, app.packageId, answer.body.key);
}

/** Waits until everything that was stored is counted. */
export async function settle(platform: TestPlatform): Promise<void> {
  await platform.telemetry.settled();
}
