import { Injectable } from '@nestjs/common';
import type { DatabaseBackupStatus } from '@mosis/backup';
import { Counter, Gauge, type Registry } from 'prom-client';
import { BackupsService } from '../backups/backups.service.js';

interface Figure {
  name: string;
  help: string;
  read: (status: DatabaseBackupStatus) => number;
}

const GAUGES: Figure[] = [
  {
    name: 'replicating',
    help: '1 while Litestream copies the database.',
    read: ({ state }) => Number(state === 'replicating'),
  },
  {
    name: 'healthy',
    help: '1 when the replica can be restored, can be listed and is not late; 0 also until it was first listed.',
    read: ({ healthy }) => Number(healthy === true),
  },
  {
    name: 'last_sync_age_seconds',
    help: 'Age of the oldest write that is not on the replica; 0 when it has everything.',
    read: ({ lagSeconds }) => lagSeconds,
  },
  { name: 'lag_bytes', help: 'Bytes that were written and are not on the replica.', read: ({ lagBytes }) => lagBytes },
  { name: 'wal_bytes', help: 'Size of the write-ahead log.', read: ({ walBytes }) => walBytes },
  {
    name: 'shadow_bytes',
    help: 'Size of the copy of the WAL that Litestream keeps until the replica has it.',
    read: ({ shadowBytes }) => shadowBytes,
  },
  { name: 'segments', help: 'Segments of the current generation on the replica.', read: ({ segments }) => segments },
  {
    name: 'snapshots',
    help: 'Snapshots of the current generation on the replica.',
    read: ({ snapshots }) => snapshots,
  },
];

/** The figures of backups for Prometheus. */
@Injectable()
export class BackupMetrics {
  private readonly updates: ((databases: DatabaseBackupStatus[], restarts: number) => void)[] = [];

  constructor(private readonly backups: BackupsService) {}

  /** Adds the figures to a registry. */
  register(registry: Registry): void {
    const registers = [registry];
    for (const { name, help, read } of GAUGES) {
      const gauge = new Gauge({ name: `mosis_backup_${name}`, help, labelNames: ['database'], registers });
      this.updates.push((databases) => {
        for (const status of databases) gauge.set({ database: status.database }, read(status));
      });
    }
    const generations = new Counter({
      name: 'mosis_backup_generations_total',
      help: 'Generations of backups that were begun; each costs a snapshot of the whole file.',
      labelNames: ['database'],
      registers,
    });
    const restarts = new Counter({
      name: 'mosis_backup_restarts_total',
      help: 'Times that Litestream was started again.',
      registers,
    });
    this.updates.push((databases, count) => {
      generations.reset();
      for (const { database, generations: begun } of databases) generations.inc({ database }, begun);
      restarts.reset();
      restarts.inc(count);
    });
  }

  /** Brings the figures up to date. */
  update(): void {
    const status = this.backups.status();
    if (status) for (const update of this.updates) update(status.databases, status.restarts);
  }
}
