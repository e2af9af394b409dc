import type { ObjectStore } from '@mosis/object-store';
import type { ColumnarState } from '../engine/columnar-state.js';
import type { AnalyticsProcess } from './analytics-process.js';

/** What archive and export work with. */
export interface ColumnarDeps {
  dataDir: string;
  analytics: AnalyticsProcess;
  state: ColumnarState;
  objects: ObjectStore;
  /** Wall clock, milliseconds. */
  now: () => number;
  /** Told of each step, fields first. */
  log?: (fields: Record<string, unknown>, message: string) => void;
}
