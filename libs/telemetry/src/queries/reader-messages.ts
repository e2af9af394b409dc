import type { QueryContext } from './snapshot.js';
import type { QueryName } from './run-query.js';
import type { TelemetryQueries } from './types.js';

/** One query on its way to the reader thread. */
export interface ReaderTask {
  name: QueryName;
  query: TelemetryQueries[QueryName]['query'];
  context: QueryContext;
}

/** What comes back: an answer, a QueryError in its parts, or what went wrong. */
export type ReaderAnswer =
  | { answer: TelemetryQueries[QueryName]['answer'] }
  | { refused: { code: string; message: string } }
  | { failed: string };
