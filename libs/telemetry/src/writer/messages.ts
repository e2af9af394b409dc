import type { BotThresholds, IngestLimits } from '../engine/types.js';
import type { RollupChange } from '../rollup/rollup-store.js';
import type { WriterResult, WriterUpload } from './batch-store.js';
import type { Maintenance } from './maintenance.js';

/** What the writer thread is started with. */
export interface WriterData {
  dataDir: string;
  bots: BotThresholds;
  limits: IngestLimits;
  /** Added to the thread's own clock: tests live in other times than their machine. */
  clockOffsetMs: number;
  /** Whether commits fold the WAL into the file. */
  autoCheckpoint: boolean;
  /** Pages of the WAL from which somebody else waits for a moment without a commit, to begin it anew. */
  checkpointPages?: number | undefined;
  /** Whether the connection can write at all. */
  readOnly: boolean;
}

/** The names of maintenance transactions. */
export type MaintenanceName = Exclude<keyof Maintenance, 'constructor'>;
/** What a maintenance transaction takes and answers. */
export type MaintenanceInput<Name extends MaintenanceName> = Parameters<Maintenance[Name]>[0];
export type MaintenanceAnswer<Name extends MaintenanceName> = ReturnType<Maintenance[Name]>;

/** What changed in the roll-ups, named as callers name apps. */
export interface AnnouncedChange {
  touched: { packageId: string; day: number }[];
  suspects: RollupChange['suspects'];
}

/** An upload on its way to the thread; its body is the next `bytes` of the bodies that travel with it. */
export type PackedUpload = Omit<WriterUpload, 'body'> & { bytes: number };

/** To the thread. */
export type WriterRequest =
  | { kind: 'uploads'; uploads: PackedUpload[]; bodies: ArrayBuffer; nowMs: number }
  | { kind: 'call'; id: number; name: MaintenanceName; input: unknown; nowMs: number }
  | { kind: 'auto-checkpoint'; on: boolean }
  | { kind: 'close' };

/** From the thread. */
export type WriterReply =
  | { kind: 'ready' }
  | { kind: 'results'; results: WriterResult[]; rollupLagMs: number; gapMs: number }
  | { kind: 'reply'; id: number; value: unknown }
  | { kind: 'failure'; id: number; error: Error }
  | { kind: 'change'; change: AnnouncedChange; rollupLagMs: number }
  | { kind: 'log'; level: 'info' | 'warn' | 'error'; fields: Record<string, unknown>; message: string };
