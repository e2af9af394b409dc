/** A partition as the columnar side sees it. */
export interface PartitionState {
  day: number;
  rowCount: number;
  revision: number;
  /** Nothing more will be written to it but by an erasure. */
  closed: boolean;
  archive: { revision: number; rows: number; bytes: number; sha256: string } | null;
  exportedSha256: string | null;
}

/** A bucket day as the export sees it. */
export interface BucketDayState {
  day: number;
  version: number;
  changedMs: number;
  exported: { version: number; rows: number; bytes: number; sha256: string } | null;
}

/** What the columnar side asks of whoever owns telemetry.db. Each record is one durable transaction. */
export interface ColumnarState {
  listPartitions(): Promise<PartitionState[]>;
  listBucketDays(): Promise<BucketDayState[]>;
  /** Refused (false) when the partition's revision is no longer the one the copy was made of. */
  recordArchive(day: number, copy: { revision: number; rows: number; bytes: number; sha256: string }): Promise<boolean>;
  recordRawExport(day: number, sha256: string | null): Promise<void>;
  recordExport(day: number, copy: { version: number; rows: number; bytes: number; sha256: string }): Promise<void>;
  /** A bucket day whose aggregates were purged does not wait for an export, as it stands at this version. */
  recordPurged(day: number, version: number): Promise<void>;
}
