import type { Platform } from './platform.js';
import type { TelemetryStorage } from './storage/storage.js';

/** Facts about the device that every batch carries. All optional; nothing is collected that is not given. */
export interface DeviceContext {
  os?: string;
  device_model?: string;
  /** Two letters, ISO 3166-1. */
  country?: string;
  locale?: string;
}

export interface TelemetryOptions {
  /** Address of the server, such as `https://store.example.org`. */
  endpoint: string;
  /** The app's ingest key, `mi_…`. It may only write, and is no secret. */
  ingestKey: string;
  /** The package id, such as `com.dev.app`. */
  appId: string;
  appVersion: string;
  mosisVersion: string;
  context?: DeviceContext;
  /** Where the queue survives a restart. Left out, or where it cannot be opened: in memory only. */
  storage?: TelemetryStorage | Promise<TelemetryStorage>;
  /** False waits with the first session for `start()` or the first event. Default true. */
  autoStart?: boolean;
  /** How long an event waits for others at most. Default 30 s. */
  flushIntervalMs?: number;
  /** A session ends after this long without an event. Default 30 min. */
  sessionIdleMs?: number;
  /** 0 sends no heartbeats. Default 60 s; each pause varies by a tenth. */
  heartbeatIntervalMs?: number;
  /** How long one request may take, reading the answer included. Default 30 s. */
  requestTimeoutMs?: number;
  /** How long `close()` tries to send. Default 3 s. */
  closeTimeoutMs?: number;
  /** Most events in the queue; the oldest batches go first. Default 5,000. */
  maxQueueEvents?: number;
  /** Most bytes in the queue, which lies in memory too, before compression. Default 4 MB. */
  maxQueueBytes?: number;
  /** Older events are dropped, since the server refuses them from 7 days on. Default 7 days less an hour. */
  maxEventAgeMs?: number;
  /** Told of what went wrong: storage failures, refusals, dropped batches. The SDK itself never throws into the app. */
  onError?: (error: unknown) => void;
  /** Told the device id that an opt-out forgets, so that the app's own server can have its data erased. */
  onErase?: (deviceId: string) => void | Promise<void>;
  /** For tests. */
  platform?: Partial<Platform>;
}
