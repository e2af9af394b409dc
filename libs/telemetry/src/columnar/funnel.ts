import type { RawConnection } from '@mosis/sqlite/connection';
import { QueryError, type FunnelAnswer, type FunnelQuery } from '../queries/types.js';
import { dayOf } from '../storage/days.js';
import { literal, type Session } from './duck.js';
import { checkType, pointerTo } from './fields.js';
import { DEVICES_PER_WALK, FunnelWalk } from './funnel-walk.js';
import { checkRange, rangeText } from './questions.js';
import { askedByOrder, type Part, type RawDeps } from './raw-events.js';
import { inTurn } from './step-events.js';

const MIN_STEPS = 2;
const MAX_STEPS = 8;
/** An event in 32 bits: the steps its data says it is, then the place of its type from 1 on, then its device. */
const TYPE_SHIFT = MAX_STEPS;
const DEVICE_SHIFT = TYPE_SHIFT + 4;

/**
 * How many devices went through the first k steps, each step an event of its own that follows the one before (by time, then
 * by receipt), the last within `withinMs` of the first. DuckDB finds the events and sorts those that are not in order; the
 * devices are followed here, in one pass, each until it came to the end.
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
  checkRange(query.range);
  const second = await session.second();
  const reached = steps.map(() => 0);
  const devices = countDevices(deps.db, query.packageId);
  for (let first = 0; first === 0 || first < devices; first += DEVICES_PER_WALK) {
    const walk = new FunnelWalk(steps.length, query.withinMs);
    const selection = new StepSelection(steps, devices > DEVICES_PER_WALK / 2 ? first : undefined);
    const { inOrder, others, bots } = await askedByOrder(session, deps, query, nowMs);
    const isBot = (timeMs: number, device: number): boolean => bots.get(dayOf(timeMs))?.has(first + device) ?? false;
    await inTurn(
      inOrder.map((part) => ({ session, bound: part.bound, sql: () => selection.of(part, walk.finished) })),
      { session: second, bound: others.bound, sql: () => selection.of(others, '', 'ORDER BY ms, received, id') },
      (timeMs, event) => {
        const device = selection.deviceOf(event);
        if (bots.size === 0 || !isBot(timeMs, device)) walk.add(timeMs, device, selection.maskOf(event));
      },
    );
    walk.reached.forEach((count, step) => (reached[step] = (reached[step] as number) + count));
  }
  return {
    ...rangeText(query.range),
    within_seconds: query.withinMs / 1000,
    steps: query.steps.map((step, index) => ({ step, devices: reached[index] as number })),
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

/** How many ordinals an app has given to devices. */
function countDevices(db: RawConnection, packageId: string): number {
  const devices = db.prepare('SELECT next_ordinal FROM apps WHERE package_id = ?').pluck().get(packageId);
  return (devices as number | undefined) ?? 0;
}

/** What is read of the events that can be steps: times, and devices with the steps their event can be. */
class StepSelection {
  readonly #types: string[];
  /** By the place of a type, from 1 on: the steps every event of the type is. */
  readonly #masks: number[];

  /** @param firstDevice the first of the devices of one walk; undefined where there are far fewer than a walk takes */
  constructor(
    private readonly steps: readonly Step[],
    private readonly firstDevice: number | undefined,
  ) {
    this.#types = [...new Set(steps.map(({ type }) => type))];
    this.#masks = [0, ...this.#types.map((type) => maskOf(steps, (step) => step.type === type && !step.field))];
  }

  /**
   * A statement with numbers that JavaScript reads many times faster than bigints: doubles, and 32 bits. Types become numbers
   * by a function of one column and constants, which DuckDB takes of each text of a dictionary instead of each row.
   */
  of({ events, bound }: Part, finished: string, order = ''): string | undefined {
    if (events === undefined) return undefined;
    const kind = `list_position([${this.#types.map((type) => `${bound.add(type)}::VARCHAR`).join(', ')}], e.type)`;
    const fields = this.steps.map(({ type, field }, index) => {
      if (!field) return '0';
      const text = `json_extract_string(e.data, ${bound.add(pointerTo(field.key))}::VARCHAR)`;
      const isEqual = `coalesce(${text} = ${bound.add(field.value)}::VARCHAR, false)`;
      return `CASE WHEN e.kind = ${this.#types.indexOf(type) + 1} AND ${isEqual} THEN ${1 << index} ELSE 0 END`;
    });
    const first = this.firstDevice ?? 0;
    const ofWalk =
      this.firstDevice === undefined ? '' : `AND device BETWEEN ${first} AND ${first + DEVICES_PER_WALK - 1}`;
    const isLeftOut =
      finished === ''
        ? ''
        : `AND CASE WHEN device BETWEEN ${first} AND ${first + finished.length - 1} THEN get_bit(${literal(finished)}::BIT, (device - ${first})::INTEGER) = 0 ELSE true END`;
    return `SELECT ms, (((device - ${first}) << ${DEVICE_SHIFT}) + (kind << ${TYPE_SHIFT}) + fields)::UINTEGER AS event, id::DOUBLE AS id
      FROM (SELECT e.ms, e.device, e.kind, ${fields.join(' + ')} AS fields, e.received, e.id FROM (
        SELECT epoch_ms(e.time)::DOUBLE AS ms, e.device::BIGINT AS device, ${kind} AS kind, e.received, e.id, e.data
        FROM ${events} e) e WHERE e.kind > 0 ${ofWalk} ${isLeftOut})
      ${order}`;
  }

  deviceOf(event: number): number {
    return event >>> DEVICE_SHIFT;
  }

  maskOf(event: number): number {
    const place = (event >>> TYPE_SHIFT) & ((1 << (DEVICE_SHIFT - TYPE_SHIFT)) - 1);
    return (event & ((1 << TYPE_SHIFT) - 1)) | (this.#masks[place] as number);
  }
}

function maskOf(steps: readonly Step[], isStep: (step: Step) => boolean): number {
  return steps.reduce((mask, step, index) => (isStep(step) ? mask | (1 << index) : mask), 0);
}
