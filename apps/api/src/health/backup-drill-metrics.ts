import { Injectable } from '@nestjs/common';
import { Gauge, type Registry } from 'prom-client';
import type { BackupDrillResource } from '../backups/backup-drill.schemas.js';
import { BackupDrillService } from '../backups/backup-drill.service.js';

const GAUGES: { name: string; help: string; read: (drill: BackupDrillResource) => number | null }[] = [
  {
    name: 'ok',
    help: '1 when the last verification of the backups proved them.',
    read: ({ state }) => Number(state === 'passed'),
  },
  {
    name: 'finished_timestamp_seconds',
    help: 'When the last verification ended.',
    read: ({ finished_at }) => Date.parse(finished_at) / 1000,
  },
  { name: 'duration_seconds', help: 'How long it took.', read: ({ duration_seconds }) => duration_seconds },
  { name: 'rpo_seconds', help: 'From a commit until the replicas had it.', read: ({ rpo_seconds }) => rpo_seconds },
  {
    name: 'rto_seconds',
    help: 'From the beginning of the restore to the first answer.',
    read: ({ rto_seconds }) => rto_seconds,
  },
];

/** The figures of the last verification of the backups for Prometheus; they have samples from the first one on. */
@Injectable()
export class BackupDrillMetrics {
  private readonly updates: ((drill: BackupDrillResource) => void)[] = [];

  constructor(private readonly drills: BackupDrillService) {}

  /** Adds the figures to a registry. */
  register(registry: Registry): void {
    for (const { name, help, read } of GAUGES) {
      const gauge = new Gauge({ name: `mosis_backup_drill_${name}`, help, registers: [registry] });
      gauge.remove();
      this.updates.push((drill) => gauge.set(read(drill) ?? Number.NaN));
    }
  }

  /** Brings the figures up to date. */
  async update(): Promise<void> {
    const last = await this.drills.findLatest();
    if (last) for (const update of this.updates) update(last);
  }
}
