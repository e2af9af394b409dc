import { Injectable } from '@nestjs/common';
import { TelemetryEngine, type RawQueries } from '@mosis/telemetry';
import type { Actor } from '../access/actor.js';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../common/clock.js';
import { ReportsService, wrong, type AskedRange, type Scope } from './reports.service.js';

type Question<Name extends keyof RawQueries> = Omit<RawQueries[Name]['query'], keyof Scope>;

const LONGEST_FUNNEL_MS = 90 * DAY_MS;
const STEP = /^[a-z][a-z0-9_]{0,59}(?::[^=]{1,60}=.{0,1000})?$/su;

/** Questions that roll-ups cannot answer, asked of the raw events in a process of their own. */
@Injectable()
export class AdHocService {
  constructor(
    private readonly engine: TelemetryEngine,
    private readonly reports: ReportsService,
  ) {}

  /** @throws AppError `not-found`, `validation-failed`; QueryError for what cannot be asked; DeadlineError */
  async ask<Name extends keyof RawQueries>(
    actor: Actor,
    packageId: string,
    name: Name,
    asked: AskedRange,
    question: Question<Name> & { interval?: string },
  ): Promise<RawQueries[Name]['answer']> {
    const scope = await this.reports.readScope(actor, packageId, asked, question.interval === 'hour');
    return this.engine.rawQuery(name, { ...question, ...scope } as RawQueries[Name]['query']);
  }

  /** How many devices went through the steps in order. @throws as `ask` does */
  async askFunnel(
    actor: Actor,
    packageId: string,
    query: AskedRange & { steps: string; within: string },
  ): Promise<RawQueries['funnel']['answer']> {
    return this.ask(actor, packageId, 'funnel', query, {
      steps: readSteps(query.steps),
      withinMs: readDuration(query.within),
    });
  }
}

function readSteps(text: string): string[] {
  const steps = text.split(',').map((step) => step.trim());
  if (steps.length < 2 || steps.length > 8) throw wrong('steps', 'a funnel has 2 to 8 steps');
  const at = steps.findIndex((step) => !STEP.test(step));
  if (at >= 0) throw wrong('steps', `step ${at + 1} is neither an event type nor type:key=value`);
  return steps;
}

/** Milliseconds of `90`, `90s`, `30m`, `24h` or `7d`. @throws AppError `validation-failed` for more than 90 days */
function readDuration(text: string): number {
  const units: Record<string, number> = { s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };
  const durationMs = Number.parseInt(text, 10) * (units[text.at(-1) ?? ''] ?? SECOND_MS);
  if (durationMs > LONGEST_FUNNEL_MS) throw wrong('within', 'is more than 90 days');
  return durationMs;
}
