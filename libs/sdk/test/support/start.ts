import type { TelemetryOptions } from '../../src/options.js';
import { createTelemetry, type Telemetry, type TelemetryStats } from '../../src/telemetry.js';
import { FakePlatform, settle } from './fake-platform.js';
import { MemoryStorage } from './memory-storage.js';

export interface Started {
  telemetry: Telemetry;
  platform: FakePlatform;
  storage: MemoryStorage;
  errors: unknown[];
}

/** A running SDK on a fake platform, its storage open. No heartbeats and no session of its own unless asked for. */
export async function startTelemetry(
  options: Partial<TelemetryOptions> & { platform?: FakePlatform; storage?: MemoryStorage } = {},
): Promise<Started> {
  const platform = options.platform ?? new FakePlatform();
  const storage = options.storage ?? new MemoryStorage();
  const errors: unknown[] = [];
  const telemetry = createTelemetry({
    endpoint: 'http://server.test',
    ingestKey: 'mi_test',
    appId: 'org.example.app',
    appVersion: '1.2.0',
    mosisVersion: '1.0.0',
    heartbeatIntervalMs: 0,
    autoStart: false,
    onError: (error) => errors.push(error),
    ...options,
    storage,
    platform,
  });
  await settle();
  return { telemetry, platform, storage, errors };
}

/** What the promise of the statistics is about: 0 when not one event is lost from sight. */
export function unaccounted({ generated, accepted, rejected, dropped, queued }: TelemetryStats): number {
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  return generated - accepted - rejected - lost - queued;
}
