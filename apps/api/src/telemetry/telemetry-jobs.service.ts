import { Injectable, type OnModuleInit } from '@nestjs/common';
import { TelemetryEngine } from '@mosis/telemetry';
import { DAY_MS, HOUR_MS, SECOND_MS } from '../common/clock.js';
import { JobsService, type RepeatingJob } from '../jobs/jobs.service.js';

/** The job that goes on with erasures which a dead process, or a failure, left half-done. */
export const ERASURES_JOB = 'telemetry.erasures';

/** After a start, once the first requests are served. */
const SOON_MS = 30 * SECOND_MS;

/** The engine's upkeep, each part safe to repeat and to break off. It takes minutes at times, so it has the slow lane. */
@Injectable()
export class TelemetryJobsService implements OnModuleInit {
  constructor(
    private readonly engine: TelemetryEngine,
    private readonly jobs: JobsService,
  ) {}

  onModuleInit(): void {
    const register = (kind: string, work: () => Promise<unknown>, everyMs: number, afterStartMs?: number) =>
      this.jobs.register(kind, work, {
        everyMs,
        lane: 'slow',
        ...(afterStartMs === undefined ? {} : { afterStartMs }),
      });
    register(ERASURES_JOB, () => this.engine.runErasures(), HOUR_MS, 0);
    register('telemetry.archive', () => this.engine.runArchive(), HOUR_MS, SOON_MS);
    register('telemetry.export', () => this.engine.runExport(), HOUR_MS);
    register('telemetry.retention', () => this.engine.runRetention(), HOUR_MS);
    register('telemetry.audit', () => this.engine.runAudit({ repair: true }), DAY_MS);
  }

  /** How each part last ended, and when it runs next. */
  async list(): Promise<RepeatingJob[]> {
    return (await this.jobs.listRepeating()).filter(({ kind }) => kind.startsWith('telemetry.'));
  }
}
