import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { ReviewDeskService } from '../review-desk/review-desk.service.js';
import { BackupDrillMetrics } from './backup-drill-metrics.js';
import { BackupMetrics } from './backup-metrics.js';
import { ObjectMirrorMetrics } from './object-mirror-metrics.js';
import { TelemetryMetrics } from './telemetry-metrics.js';

/** Figures for Prometheus. */
@Injectable()
export class MetricsService {
  private readonly registry = new Registry();
  private readonly requests = new Counter({
    name: 'mosis_http_requests_total',
    help: 'Answered requests by route pattern, method and status.',
    labelNames: ['route', 'method', 'status'],
    registers: [this.registry],
  });
  private readonly durations = new Histogram({
    name: 'mosis_http_request_duration_seconds',
    help: 'Seconds from a request’s first byte to the end of its answer.',
    labelNames: ['route', 'method'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 1, 5, 30],
    registers: [this.registry],
  });
  private readonly pending = new Gauge({
    name: 'mosis_reviews_pending',
    help: 'Submissions that wait for a decision.',
    registers: [this.registry],
  });
  private readonly overdue = new Gauge({
    name: 'mosis_reviews_overdue',
    help: 'Submissions that wait longer than they should.',
    registers: [this.registry],
  });

  constructor(
    private readonly desk: ReviewDeskService,
    private readonly telemetry: TelemetryMetrics,
    private readonly backups: BackupMetrics,
    private readonly mirror: ObjectMirrorMetrics,
    private readonly drills: BackupDrillMetrics,
  ) {
    collectDefaultMetrics({ register: this.registry });
    telemetry.register(this.registry);
    backups.register(this.registry);
    mirror.register(this.registry);
    drills.register(this.registry);
  }

  /** Counts an answered request; `route` is the pattern, never the address, so that there are few. */
  observe(route: string, method: string, status: number, seconds: number): void {
    this.requests.inc({ route, method, status });
    this.durations.observe({ route, method }, seconds);
  }

  /** All figures in Prometheus' text format. */
  async render(): Promise<string> {
    const { pending, overdue } = await this.desk.countPending();
    this.pending.set(pending);
    this.overdue.set(overdue);
    await this.telemetry.update();
    this.backups.update();
    this.mirror.update();
    await this.drills.update();
    return this.registry.metrics();
  }
}
