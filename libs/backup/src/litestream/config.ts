import { locateReplica, type BackupLocation, type DatabaseName } from '../location.js';

/** How often a database is copied, and how long the past stays restorable. */
export interface ReplicaSchedule {
  /** Longest time until new pages of the WAL are copied beside the database. */
  monitorIntervalMs: number;
  /** Longest time from there to the replica. */
  syncIntervalMs: number;
  snapshotIntervalMs: number;
  retentionMs: number;
  retentionCheckIntervalMs: number;
  /** Pages of the WAL from which Litestream checkpoints when nobody reads. */
  minCheckpointPages: number;
  /** Pages of the WAL from which it checkpoints even if readers and writers have to wait. */
  maxCheckpointPages: number;
}

/** One database and where it goes. */
export interface ReplicatedDatabase {
  database: DatabaseName;
  /** Absolute path of the database file. */
  file: string;
  schedule?: ReplicaSchedule;
}

export interface LitestreamConfigOptions {
  location: BackupLocation;
  databases: ReplicatedDatabase[];
  /** `host:port` on which Litestream answers its own metrics, if it should. */
  metricsAddress?: string;
}

/**
 * Litestream's configuration: JSON, which is YAML as well, so that no path or prefix needs quoting rules. It holds no
 * credentials: those go in the environment ({@link litestreamEnvironment}).
 *
 * @throws ObjectStoreError when the location's URL is not one
 */
export function renderLitestreamConfig({ location, databases, metricsAddress }: LitestreamConfigOptions): string {
  const dbs = databases.map(({ database, file, schedule }) => ({
    path: file,
    ...(schedule && {
      'monitor-interval': milliseconds(schedule.monitorIntervalMs),
      'min-checkpoint-page-count': schedule.minCheckpointPages,
      'max-checkpoint-page-count': schedule.maxCheckpointPages,
    }),
    replicas: [{ ...describeTarget(location, database), ...(schedule && describeSchedule(schedule)) }],
  }));
  return `${JSON.stringify({ ...(metricsAddress && { addr: metricsAddress }), logging: { type: 'json', level: 'info' }, dbs }, null, 2)}\n`;
}

/** What Litestream reads from its environment: its credentials, and nothing else of ours. */
export function litestreamEnvironment(location: BackupLocation): Record<string, string> {
  const { accessKeyId, secretAccessKey } = location.s3 ?? {};
  return {
    ...(accessKeyId && { LITESTREAM_ACCESS_KEY_ID: accessKeyId }),
    ...(secretAccessKey && { LITESTREAM_SECRET_ACCESS_KEY: secretAccessKey }),
  };
}

function describeTarget(location: BackupLocation, database: DatabaseName): Record<string, unknown> {
  const replica = locateReplica(location, database);
  if (replica.kind === 'directory') return { type: 'file', path: replica.path };
  const { endpoint, region, forcePathStyle } = location.s3 ?? {};
  return {
    type: 's3',
    bucket: replica.bucket,
    path: replica.prefix,
    ...(endpoint && { endpoint }),
    region: region ?? 'us-east-1',
    'force-path-style': forcePathStyle ?? endpoint !== undefined,
  };
}

function describeSchedule(schedule: ReplicaSchedule): Record<string, unknown> {
  return {
    'sync-interval': milliseconds(schedule.syncIntervalMs),
    'snapshot-interval': milliseconds(schedule.snapshotIntervalMs),
    retention: milliseconds(schedule.retentionMs),
    'retention-check-interval': milliseconds(schedule.retentionCheckIntervalMs),
  };
}

function milliseconds(value: number): string {
  return `${value}ms`;
}
