import { z } from 'zod';
import { pageQueryFields } from '../common/pagination.js';

const time = z.iso.datetime({ offset: true });
const typeName = z.string().regex(/^[a-z][a-z0-9_]{0,59}$/, 'is no event type');
const metric = z.enum(['events', 'crashes', 'errors', 'sessions', 'devices']);
const dimension = z.enum(['app_version', 'mosis_version', 'os', 'country']);
const interval = z.enum(['hour', 'day', 'week', 'month']);
const yesNo = z.enum(['true', 'false']).default('false');
const format = z.enum(['json', 'csv']).default('json').describe('`csv` answers text/csv, as does `Accept: text/csv`.');
const topLimit = (standard: number) => z.coerce.number().int().min(1).max(1000).default(standard);

const rangeFields = {
  from: time.optional().describe('Start of the range, part of it. Seven days before `to` when absent.'),
  to: time.optional().describe('End of the range, not part of it. Now when absent.'),
  include_bots: yesNo.describe('`true` counts what is flagged as a bot as well.'),
};

export const overviewQuery = z.strictObject(rangeFields);
export const timeseriesQuery = z.strictObject({
  metric,
  interval: interval.default('day').describe('By the hour the range is 24 hours when `from` is absent.'),
  type: typeName.optional().describe('With events, crashes and errors: of one type of event only.'),
  group_by: dimension.optional(),
  ...rangeFields,
  format,
});
export const breakdownQuery = z.strictObject({
  metric,
  dimension: z.enum([...dimension.options, 'type']).describe('`type` for events, crashes and errors.'),
  type: typeName.optional(),
  limit: topLimit(10),
  ...rangeFields,
  format,
});
export const retentionQuery = z.strictObject({ interval: z.enum(['day', 'week']).default('day'), ...rangeFields });
export const stabilityQuery = z.strictObject({ group_by: dimension.optional(), ...rangeFields });
export const crashesQuery = z.strictObject({
  kind: z.enum(['app_crash', 'lua_error']).default('app_crash'),
  limit: topLimit(25),
  ...rangeFields,
});
export const eventsQuery = z.strictObject({ type: typeName.optional(), ...pageQueryFields });
export const topQuery = z.strictObject({
  type: typeName,
  field: z.string().min(1).max(60).describe('Key inside `data`.'),
  limit: topLimit(10),
  ...rangeFields,
});
export const funnelQuery = z.strictObject({
  steps: z
    .string()
    .max(2_000)
    .describe('2 to 8 event types, comma-separated; `type:key=value` for one value of one field.'),
  within: z
    .string()
    .regex(/^[1-9]\d{0,6}[smhd]?$/, 'is no time such as 90, 90s, 30m, 24h or 7d')
    .default('1d')
    .describe('From the first step to the last: `90s`, `30m`, `24h`, `7d`; seconds without a unit.'),
  ...rangeFields,
});

const scalar = z.union([z.string().max(4096), z.number(), z.boolean()]);
const rawField = z
  .string()
  .regex(
    /^(?:type|app_version|mosis_version|os|country|device_model|locale|data\..{1,60})$/su,
    'is no field: a column, or data.<key>',
  );
export const adHocSchema = z.strictObject({
  metric: z.enum(['events', 'sessions', 'devices']).default('events'),
  filters: z
    .array(
      z.strictObject({
        field: rawField,
        op: z.enum(['eq', 'ne', 'in', 'gt', 'gte', 'lt', 'lte', 'exists']),
        value: z.union([scalar, z.array(scalar).min(1).max(100)]).optional(),
      }),
    )
    .max(20)
    .default([]),
  group_by: z.array(rawField).max(4).default([]),
  interval: interval.optional(),
  limit: z.number().int().min(1).max(10_000).default(1_000),
  from: time.optional(),
  to: time.optional(),
  include_bots: z.boolean().default(false),
});

export type AdHocRequest = z.output<typeof adHocSchema>;
