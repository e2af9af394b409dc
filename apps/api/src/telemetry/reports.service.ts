import { Injectable } from '@nestjs/common';
import { TelemetryEngine, type LiveCounts, type TelemetryQueries, type TimeRange } from '@mosis/telemetry';
import { isAdmin, type Actor } from '../access/actor.js';
import { AppsService } from '../apps/apps.service.js';
import { AppError, notFound } from '../common/app-error.js';
import { Clock, DAY_MS, HOUR_MS } from '../common/clock.js';
import { decodeCursor, encodeCursor, type Page, type PageRequest } from '../common/pagination.js';

/** The range and the audience of a question, as they came. */
export interface AskedRange {
  from?: string | undefined;
  to?: string | undefined;
  include_bots: boolean | 'true' | 'false';
}

/** What every question over counts has. */
export interface Scope {
  packageId: string;
  range: TimeRange;
  includeBots: boolean;
}

type Answer<Name extends keyof TelemetryQueries> = TelemetryQueries[Name]['answer'];
type Question<Name extends keyof TelemetryQueries> = Omit<TelemetryQueries[Name]['query'], keyof Scope>;

const DEFAULT_DAYS = 7;
/** Bounds how many points a series can have. */
const LONGEST_MS = 3_660 * DAY_MS;
const LONGEST_HOURLY_MS = 92 * DAY_MS;
const EARLIEST_MS = Date.UTC(2000, 0);
const LATEST_MS = Date.UTC(2100, 0);

/** What telemetry tells the owner of an app, and admins. */
@Injectable()
export class ReportsService {
  constructor(
    private readonly engine: TelemetryEngine,
    private readonly apps: AppsService,
    private readonly clock: Clock,
  ) {}

  /**
   * The package id as it is stored, when the actor may read the app's telemetry: its owner, or an admin.
   *
   * @throws AppError `not-found`, `app-not-in-scope`
   */
  async getReadablePackageId(actor: Actor, packageId: string): Promise<string> {
    const app = await this.apps.getReadable(actor, packageId);
    // Reviewers look at packages, not at people.
    if (app.developer_id !== actor.developerId && !isAdmin(actor)) throw notFound('app');
    return app.package_id;
  }

  /** Answers a question that roll-ups answer. @throws AppError `not-found`; QueryError for what is not kept */
  async ask<Name extends keyof TelemetryQueries>(
    actor: Actor,
    packageId: string,
    name: Name,
    asked: AskedRange,
    question: Question<Name> & { interval?: string },
  ): Promise<Answer<Name>> {
    const scope = await this.readScope(actor, packageId, asked, question.interval === 'hour');
    return this.engine.query(name, { ...question, ...scope });
  }

  /** Who is there now. @throws AppError `not-found` */
  async live(actor: Actor, packageId: string): Promise<LiveCounts> {
    return this.engine.live(await this.getReadablePackageId(actor, packageId));
  }

  /** A page of raw events, newest first. @throws AppError `not-found`, `cursor-invalid` */
  async listEvents(
    actor: Actor,
    packageId: string,
    { limit, cursor, type }: PageRequest & { type?: string | undefined },
  ): Promise<Page<Answer<'events'>['items'][number]>> {
    const id = await this.getReadablePackageId(actor, packageId);
    const owner = ['events', id, type] as const;
    const after = cursor === undefined ? undefined : decodeCursor(owner, cursor, ['number', 'number']);
    if (after && !after.every((part) => Number.isSafeInteger(part)))
      throw new AppError('cursor-invalid', 'Send the next_cursor of the page before, unchanged.');
    const { items, next } = await this.engine.query('events', {
      packageId: id,
      limit,
      ...(type === undefined ? {} : { type }),
      ...(after ? { cursor: { day: after[0], id: after[1] } } : {}),
    });
    return { items, next_cursor: next && encodeCursor(owner, [next.day, next.id]) };
  }

  /** Why events of the last days were refused. @throws AppError `not-found` */
  async listRejections(actor: Actor, packageId: string): Promise<Answer<'rejections'>> {
    return this.engine.query('rejections', { packageId: await this.getReadablePackageId(actor, packageId) });
  }

  /** What every question has: whose app, when, and whether bots count. @throws AppError `not-found`, `validation-failed` */
  async readScope(actor: Actor, packageId: string, asked: AskedRange, hourly: boolean): Promise<Scope> {
    return {
      packageId: await this.getReadablePackageId(actor, packageId),
      range: readRange(asked, hourly, this.clock.now().getTime()),
      includeBots: asked.include_bots === true || asked.include_bots === 'true',
    };
  }
}

/** @throws AppError `validation-failed` for a range that is empty, too long, or of another age of the world */
export function readRange({ from, to }: AskedRange, hourly: boolean, nowMs: number): TimeRange {
  const toMs = to === undefined ? nowMs : Date.parse(to);
  const fromMs = from === undefined ? toMs - (hourly ? 24 * HOUR_MS : DEFAULT_DAYS * DAY_MS) : Date.parse(from);
  const longestMs = hourly ? LONGEST_HOURLY_MS : LONGEST_MS;
  if (fromMs < EARLIEST_MS) throw wrong('from', 'is before the year 2000');
  if (toMs > LATEST_MS) throw wrong('to', 'is after the year 2099');
  if (fromMs >= toMs) throw wrong('from', 'must be before `to`');
  if (toMs - fromMs > longestMs)
    throw wrong('from', `is more than ${longestMs / DAY_MS} days before \`to\`${hourly ? '; ask by the day' : ''}`);
  return { fromMs, toMs };
}

/** A parameter that breaks its rule. */
export function wrong(name: string, detail: string): AppError {
  return new AppError('validation-failed', `/${name}: ${detail}`, {
    errors: [{ pointer: `/${name}`, code: 'range', detail }],
  });
}
