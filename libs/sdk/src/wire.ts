import type { DeviceContext, Settings } from './options.js';
import { cleanLine } from './text.js';

/** The batch's fields beside id, events and drops, as JSON. Cleaned, so that no setting gets whole batches refused. */
export function batchHeader(settings: Settings, deviceId: string, sessionId: string): string {
  const context = cleanContext(settings.context ?? {});
  return JSON.stringify({
    app_id: settings.appId,
    app_version: cleanVersion(settings.appVersion),
    mosis_version: cleanVersion(settings.mosisVersion),
    device_id: deviceId,
    session_id: sessionId,
    ...(Object.keys(context).length > 0 && { context }),
  });
}

/** The body of a heartbeat. */
export function heartbeatBody(settings: Settings, deviceId: string, sessionId: string): string {
  return JSON.stringify({
    app_id: settings.appId,
    device_id: deviceId,
    session_id: sessionId,
    app_version: cleanVersion(settings.appVersion),
  });
}

const cleanVersion = (version: string): string => cleanLine(String(version), 50) || 'unknown';

function cleanContext({ os, deviceModel, country, locale }: DeviceContext): Record<string, string> {
  const context: Record<string, string> = {};
  if (os) context.os = cleanLine(String(os), 100);
  if (deviceModel) context.device_model = cleanLine(String(deviceModel), 100);
  if (country && /^[a-z]{2}$/i.test(country)) context.country = country.toUpperCase();
  if (locale) context.locale = cleanLine(String(locale), 35);
  return context;
}
