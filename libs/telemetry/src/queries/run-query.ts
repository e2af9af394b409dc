import type { RawConnection } from '@mosis/sqlite/connection';
import { breakdown } from './breakdown.js';
import { crash } from './crash.js';
import { crashes } from './crashes.js';
import { events } from './events.js';
import { overview } from './overview.js';
import { rejections } from './rejections.js';
import { retention } from './retention.js';
import type { QueryContext } from './snapshot.js';
import { stability } from './stability.js';
import { timeseries } from './timeseries.js';
import type { TelemetryQueries } from './types.js';

/** What can be asked of the roll-ups and small tables, by name. */
export type QueryName = keyof TelemetryQueries;

type Runners = {
  [Name in QueryName]: (
    db: RawConnection,
    query: TelemetryQueries[Name]['query'],
    context: QueryContext,
  ) => TelemetryQueries[Name]['answer'];
};

const RUNNERS: Runners = {
  overview,
  timeseries,
  breakdown,
  retention,
  stability,
  crashes,
  crash,
  events,
  rejections,
};

/**
 * Answers one query from one commit of telemetry.db; no transaction is open afterwards.
 *
 * @throws QueryError when the query cannot be answered
 */
export function runQuery<Name extends QueryName>(
  db: RawConnection,
  name: Name,
  query: TelemetryQueries[Name]['query'],
  context: QueryContext,
): TelemetryQueries[Name]['answer'] {
  return RUNNERS[name](db, query, context);
}
