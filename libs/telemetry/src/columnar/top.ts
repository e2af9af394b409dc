import type { TopAnswer, TopQuery } from '../queries/types.js';
import type { Session } from './duck.js';
import { checkType, fieldAsJson, scalarOf } from './fields.js';
import { checkLimit, rangeText } from './questions.js';
import { askedEvents, Bound, type RawDeps } from './raw-events.js';

interface Row {
  value: string;
  events: bigint;
  devices: bigint;
  all_values: bigint;
  all_events: bigint;
}

/** The most frequent values of one key of one type's `data`. Events without the key, or with null there, do not count. */
export async function top(session: Session, deps: RawDeps, query: TopQuery, nowMs: number): Promise<TopAnswer> {
  checkType(query.type);
  checkLimit(query.limit);
  const bound = new Bound();
  const answer = { type: query.type, field: query.field, ...rangeText(query.range) };
  const events = await askedEvents(session, deps, query, nowMs, bound);
  if (events === undefined) return { ...answer, items: [], rest: { values: 0, events: 0 } };
  const field = fieldAsJson(`data.${query.field}`, bound);
  const rows = await session.rows<Row>(
    `WITH found AS (SELECT ${field} AS value, e.device FROM ${events} e WHERE e.type = ${bound.add(query.type)}::VARCHAR),
       grouped AS (SELECT value, count(*) AS events, count(DISTINCT device) AS devices FROM found
         WHERE value IS NOT NULL GROUP BY value)
     SELECT *, count(*) OVER () AS all_values, (sum(events) OVER ())::BIGINT AS all_events
     FROM grouped ORDER BY events DESC, value LIMIT ${query.limit}`,
    bound.values,
  );
  const items = rows.map(({ value, events, devices }) => ({
    value: scalarOf(value),
    events: Number(events),
    devices: Number(devices),
  }));
  const shown = items.reduce((sum, item) => sum + item.events, 0);
  const [first] = rows;
  const rest = {
    values: Number(first?.all_values ?? 0) - items.length,
    events: Number(first?.all_events ?? 0) - shown,
  };
  return { ...answer, items, rest };
}
