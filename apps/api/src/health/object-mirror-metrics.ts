import { Injectable } from '@nestjs/common';
import type { MirrorStatus } from '@mosis/backup';
import { Counter, Gauge, type Registry } from 'prom-client';
import { ObjectMirrorService } from '../backups/object-mirror.service.js';

interface Figure {
  name: string;
  help: string;
  read: (status: MirrorStatus) => number;
}

const GAUGES: Figure[] = [
  { name: 'copies', help: 'Objects that have a copy in the backup.', read: ({ copies }) => copies },
  { name: 'bytes', help: 'Bytes of these copies.', read: ({ bytes }) => bytes },
  { name: 'waiting', help: 'Objects whose copy is missing or out of date.', read: ({ waiting }) => waiting },
  {
    name: 'oldest_waiting_seconds',
    help: 'Age of the longest waiting copy.',
    read: ({ oldestWaitingSeconds }) => oldestWaitingSeconds,
  },
];
const COUNTERS: Figure[] = [
  { name: 'copied_total', help: 'Copies of objects made.', read: ({ copied }) => copied },
  { name: 'failures_total', help: 'Attempts to copy an object that failed.', read: ({ failures }) => failures },
];

/** The figures of the copies of objects for Prometheus. */
@Injectable()
export class ObjectMirrorMetrics {
  private readonly updates: ((status: MirrorStatus) => void)[] = [];

  constructor(private readonly mirror: ObjectMirrorService) {}

  /** Adds the figures to a registry. */
  register(registry: Registry): void {
    if (!this.mirror.status()) return;
    const registers = [registry];
    for (const { name, help, read } of GAUGES) {
      const gauge = new Gauge({ name: `mosis_backup_objects_${name}`, help, registers });
      this.updates.push((status) => gauge.set(read(status)));
    }
    for (const { name, help, read } of COUNTERS) {
      const counter = new Counter({ name: `mosis_backup_objects_${name}`, help, registers });
      this.updates.push((status) => {
        counter.reset();
        counter.inc(read(status));
      });
    }
  }

  /** Brings the figures up to date. */
  update(): void {
    const status = this.mirror.status();
    if (status) for (const update of this.updates) update(status);
  }
}
