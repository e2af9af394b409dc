import type { TelemetryOptions } from './options.js';
import type { Batch } from './queue-state.js';
import { cleanText } from './text.js';

const CONTEXT_CHARS = { os: 100, device_model: 100, country: 2, locale: 35 };

/** The members of a batch that are the same for a whole session, as JSON. Cleaned, so that no setting sinks a batch. */
export function batchHead(options: TelemetryOptions, sessionId: string): string {
  const context: Record<string, string> = {};
  for (const [name, chars] of Object.entries(CONTEXT_CHARS)) {
    const value = options.context?.[name as keyof typeof CONTEXT_CHARS];
    if (value && (name !== 'country' || /^[a-z]{2}$/i.test(value))) context[name] = cleanText(value, chars);
  }
  return JSON.stringify({
    app_id: options.appId,
    app_version: cleanVersion(options.appVersion),
    mosis_version: cleanVersion(options.mosisVersion),
    session_id: sessionId,
    context,
  }).slice(1, -1);
}

/** The body of a sealed batch: the same bytes for the same batch, also after a restart. */
export const batchBody = ({ id, head, events, dropped }: Batch, deviceId: string): string =>
  `{"batch_id":"${id}","device_id":"${deviceId}",${head},"events":[${events.join()}],"dropped":${JSON.stringify(dropped)}}`;

export const heartbeatBody = (options: TelemetryOptions, deviceId: string, sessionId: string): string =>
  JSON.stringify({
    app_id: options.appId,
    device_id: deviceId,
    session_id: sessionId,
    app_version: cleanVersion(options.appVersion),
  });

const cleanVersion = (version: string): string => cleanText(version, 50) || 'unknown';
