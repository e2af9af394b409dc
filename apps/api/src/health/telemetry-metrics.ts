import { Injectable } from '@nestjs/common';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { EngineStatus, StorageReport } from '@mosis/telemetry';
import { TelemetryStatusService } from '../telemetry/telemetry-status.service.js';

type Status = EngineStatus & StorageReport;

interface Figure {
  name: string;
  help: string;
  read: (status: Status) => number;
}

/** They only grow while the process lives. */
const COUNTERS: Figure[] = [
  { name: 'uploads_total', help: 'Batches that were stored.', read: ({ writer }) => writer.uploads },
  { name: 'events_total', help: 'Events that were stored.', read: ({ writer }) => writer.events },
  { name: 'commits_total', help: 'Transactions that stored batches.', read: ({ writer }) => writer.commits },
  {
    name: 'writer_restarts_total',
    help: 'Times the writer thread was started anew.',
    read: ({ writer }) => writer.restarts,
  },
];
const GAUGES: Figure[] = [
  { name: 'waiting_uploads', help: 'Batches that wait for the writer.', read: ({ writer }) => writer.waitingUploads },
  { name: 'waiting_bytes', help: 'Bytes that wait for the writer.', read: ({ writer }) => writer.waitingBytes },
  {
    name: 'rollup_lag_seconds',
    help: 'Age of the oldest event that is stored but not counted.',
    read: ({ writer }) => writer.rollupLagMs / 1000,
  },
  { name: 'database_bytes', help: 'Size of telemetry.db.', read: (status) => status.databaseBytes },
  { name: 'wal_bytes', help: 'Size of its write-ahead log.', read: (status) => status.walBytes },
  { name: 'free_bytes', help: 'Free bytes where the data lies.', read: (status) => status.freeBytes },
  { name: 'partitions', help: 'Days of raw events.', read: (status) => status.partitions },
  { name: 'raw_rows', help: 'Raw events.', read: (status) => status.rawRows },
  { name: 'archive_waiting', help: 'Days without a verified columnar copy.', read: (status) => status.archiveWaiting },
  { name: 'export_waiting', help: 'Days whose export is not current.', read: (status) => status.exportWaiting },
];

/** Telemetry's figures for Prometheus, read from the engine when somebody asks. */
@Injectable()
export class TelemetryMetrics {
  private readonly updates: ((status: Status) => void)[] = [];

  constructor(private readonly telemetry: TelemetryStatusService) {}

  /** Adds the figures to a registry. */
  register(registry: Registry): void {
    const registers = [registry];
    for (const { name, help, read } of COUNTERS) {
      const counter = new Counter({ name: `mosis_telemetry_${name}`, help, registers });
      this.updates.push((status) => setCounter(counter, {}, read(status)));
    }
    for (const { name, help, read } of GAUGES) {
      const gauge = new Gauge({ name: `mosis_telemetry_${name}`, help, registers });
      this.updates.push((status) => gauge.set(read(status)));
    }
    const refused = new Counter({
      name: 'mosis_telemetry_refused_total',
      help: 'Batches that were refused, by code.',
      labelNames: ['code'],
      registers,
    });
    this.updates.push(({ writer }) => {
      refused.reset();
      for (const [code, count] of Object.entries(writer.refused)) refused.inc({ code }, count);
    });
  }

  /** Brings the figures up to date. */
  async update(): Promise<void> {
    const status = await this.telemetry.figures();
    for (const update of this.updates) update(status);
  }
}

function setCounter(counter: Counter, labels: Record<string, string>, value: number): void {
  counter.reset();
  counter.inc(labels, value);
}
