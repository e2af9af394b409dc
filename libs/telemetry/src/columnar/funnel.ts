import { QueryError, type FunnelAnswer, type FunnelQuery } from '../queries/types.js';
import type { Session } from './duck.js';
import { checkType, pointerTo } from './fields.js';
import { rangeText } from './questions.js';
import { askedEvents, Bound, type RawDeps } from './raw-events.js';

const MIN_STEPS = 2;
const MAX_STEPS = 8;

/**
 * How many devices went through the first k steps, each step an event of its own that follows the one before (by time, then
 * by receipt), the last within `withinMs` of the first.
 *
 * For every event that can be step k the latest first step it can complete is kept: an earlier one could only run out of
 * time sooner. It is that of the events before it that can be step k − 1, which one running maximum tells.
 *
 * @throws QueryError `invalid-steps`, `invalid-type`
 */
export async function funnel(
  session: Session,
  deps: RawDeps,
  query: FunnelQuery,
  nowMs: number,
): Promise<FunnelAnswer> {
  if (query.steps.length < MIN_STEPS || query.steps.length > MAX_STEPS) {
    throw new QueryError('invalid-steps', `A funnel has ${MIN_STEPS} to ${MAX_STEPS} steps.`);
  }
  if (!Number.isSafeInteger(query.withinMs) || query.withinMs < 0) {
    throw new QueryError('invalid-within', 'within is a time of 0 or more.');
  }
  const steps = query.steps.map(readStep);
  const bound = new Bound();
  const events = await askedEvents(session, deps, query, nowMs, bound);
  const reached = events === undefined ? {} : await countSteps(session, events, steps, query.withinMs, bound);
  return {
    ...rangeText(query.range),
    within_seconds: query.withinMs / 1000,
    steps: query.steps.map((step, index) => ({ step, devices: Number(reached[`s${index}`] ?? 0) })),
  };
}

interface Step {
  type: string;
  field?: { key: string; value: string };
}

/** Reads `type` or `type:key=value`. */
function readStep(text: string): Step {
  const [, type = '', key, value] = /^([^:]*)(?::([^=]+)=(.*))?$/s.exec(text) ?? [];
  checkType(type);
  return key === undefined ? { type } : { type, field: { key, value: value ?? '' } };
}

async function countSteps(
  session: Session,
  events: string,
  steps: Step[],
  withinMs: number,
  bound: Bound,
): Promise<Record<string, bigint>> {
  const matches = steps.map(({ type, field }) => {
    const isType = `e.type = ${bound.add(type)}::VARCHAR`;
    if (!field) return isType;
    const text = `json_extract_string(e.data, ${bound.add(pointerTo(field.key))}::VARCHAR)`;
    return `(${isType} AND coalesce(${text} = ${bound.add(field.value)}::VARCHAR, false))`;
  });
  const within = `${bound.add(BigInt(withinMs))}::BIGINT`;
  const ctes = [
    `matched AS (SELECT device, epoch_ms(e.time) AS ms, received, id,
       ${matches.map((match, index) => `${match} AS m${index}`).join(', ')}
       FROM ${events} e WHERE ${matches.join(' OR ')})`,
    'started0 AS (SELECT *, CASE WHEN m0 THEN ms END AS s0 FROM matched)',
  ];
  for (let step = 1; step < steps.length; step++) {
    const before = `before${step}`;
    ctes.push(
      `${before} AS (SELECT *, max(s${step - 1}) OVER (PARTITION BY device ORDER BY ms, received, id
         ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS latest FROM started${step - 1})`,
      `started${step} AS (SELECT * EXCLUDE (latest),
         CASE WHEN m${step} AND ms - latest <= ${within} THEN latest END AS s${step} FROM ${before})`,
    );
  }
  const counts = steps.map((_, index) => `count(DISTINCT device) FILTER (WHERE s${index} IS NOT NULL) AS s${index}`);
  return session.row(
    `WITH ${ctes.join(', ')} SELECT ${counts.join(', ')} FROM started${steps.length - 1}`,
    bound.values,
  );
}
