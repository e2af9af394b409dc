import { z } from 'zod';

const count = z.number().int();
const share = z.number().nullable().describe('0 to 1; null when there were none.');
const range = { from: z.string(), to: z.string() };
const keyed = z.array(z.object({ key: z.string(), value: count }));
const cell = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const data = z.record(z.string(), z.unknown()).nullable();
const dimension = z.string();

const totals = z
  .object({
    events: count,
    sessions: count,
    devices: count,
    crashes: count,
    errors: count,
    crash_free_sessions: share,
    crash_free_devices: share,
  })
  .meta({ id: 'TelemetryTotals' });

export const overviewSchema = z
  .object({ ...range, totals, previous: z.object({ ...range, totals }) })
  .meta({ id: 'TelemetryOverview' });

export const timeseriesSchema = z
  .object({
    metric: z.string(),
    interval: z.string(),
    ...range,
    series: z.array(
      z.object({ key: dimension.nullable(), points: z.array(z.object({ time: z.string(), value: count })) }),
    ),
  })
  .meta({ id: 'TelemetryTimeseries' });

export const breakdownSchema = z
  .object({
    metric: z.string(),
    dimension,
    ...range,
    total: count,
    items: keyed,
    rest: z.object({ keys: count, value: count }),
  })
  .meta({ id: 'TelemetryBreakdown' });

export const retentionSchema = z
  .object({
    interval: z.string(),
    ...range,
    cohorts: z.array(
      z.object({
        cohort: z.string(),
        size: count,
        retained: z.array(count).describe('How many of them were there k intervals after they were first seen.'),
      }),
    ),
  })
  .meta({ id: 'TelemetryRetention' });

export const stabilitySchema = z
  .object({
    ...range,
    items: z.array(
      z.object({
        key: dimension.nullable(),
        sessions: count,
        crashed_sessions: count,
        crash_free_sessions: share,
        devices: count,
        crashed_devices: count,
        crash_free_devices: share,
      }),
    ),
  })
  .meta({ id: 'TelemetryStability' });

const crashGroup = {
  fingerprint: z.string(),
  kind: z.enum(['app_crash', 'lua_error']),
  crash_type: z.string(),
  message: z.string(),
  frames: z.array(z.string()),
  crashes: count,
  devices: count,
  app_versions: z.array(z.string()),
  first_day: z.string(),
  last_day: z.string(),
};
export const crashesSchema = z
  .object({
    ...range,
    items: z.array(z.object(crashGroup).meta({ id: 'TelemetryCrashGroup' })),
    rest: z.object({ groups: count, crashes: count }),
  })
  .meta({ id: 'TelemetryCrashes' });
export const crashSchema = z
  .object({
    ...crashGroup,
    ...range,
    by_version: keyed,
    days: z.array(z.object({ time: z.string(), value: count })),
    sample: data.describe('`data` of the first event of the group, unless its device was erased.'),
  })
  .meta({ id: 'TelemetryCrash' });

export const liveSchema = z
  .object({
    devices: count,
    sessions: count,
    by_version: z.array(z.object({ app_version: z.string(), devices: count, sessions: count })),
    truncated: z.boolean().describe('There may be more: sessions were forgotten for want of room.'),
  })
  .meta({ id: 'TelemetryLive' });

export const rawEventSchema = z
  .object({
    received: z.string(),
    id: count,
    time: z.string(),
    type: z.string(),
    device: count.describe('Number of the device within the app; no identifier of it is stored.'),
    session: count,
    app_version: z.string(),
    mosis_version: z.string(),
    os: z.string().nullable(),
    country: z.string().nullable(),
    device_model: z.string().nullable(),
    locale: z.string().nullable(),
    clock_corrected: z.boolean(),
    clamped: z.boolean(),
    late: z.boolean(),
    data,
  })
  .meta({ id: 'TelemetryEvent' });

export const rejectionsSchema = z
  .object({
    counts: z.array(z.object({ day: z.string(), code: z.string(), events: count })),
    dropped_by_sdk: z.array(z.object({ day: z.string(), reason: z.string(), events: count })),
    samples: z.array(
      z.object({
        received_at: z.string(),
        code: z.string(),
        detail: z.string(),
        batch_id: z.string().nullable(),
        index: count.nullable(),
        app_version: z.string().nullable(),
        event: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'TelemetryRejections' });

export const topSchema = z
  .object({
    type: z.string(),
    field: z.string(),
    ...range,
    items: z.array(z.object({ value: cell, events: count, devices: count })),
    rest: z.object({ values: count, events: count }),
  })
  .meta({ id: 'TelemetryTop' });

export const funnelSchema = z
  .object({ ...range, within_seconds: z.number(), steps: z.array(z.object({ step: z.string(), devices: count })) })
  .meta({ id: 'TelemetryFunnel' });

export const adHocAnswerSchema = z
  .object({
    ...range,
    rows: z.array(z.object({ time: z.string().optional(), group: z.record(z.string(), cell), value: count })),
    truncated: z.boolean(),
  })
  .meta({ id: 'TelemetryQueryAnswer' });

export const erasureSchema = z
  .object({
    erasure: z.string(),
    state: z.enum(['running', 'done']),
    requested_at: z.string(),
    done_at: z.string().nullable(),
    rows_erased: count,
  })
  .meta({ id: 'TelemetryErasure' });
