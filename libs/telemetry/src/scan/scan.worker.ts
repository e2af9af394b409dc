/** The thread that reads raw rows at length, so that neither requests nor the writer wait for it. */
import { parentPort, workerData } from 'node:worker_threads';
import { giveWay } from '@mosis/sqlite/connection';
import type { BotThresholds } from '../engine/types.js';
import { openTelemetryReader } from '../storage/telemetry-file.js';
import { ScanTasks } from './scan-tasks.js';

const port = parentPort;
if (!port) throw new Error('The telemetry scanner is started as a worker thread.');
giveWay();
const { dataDir, bots } = workerData as { dataDir: string; bots: BotThresholds };
const tasks = new ScanTasks(openTelemetryReader(dataDir), bots);

port.on('message', ({ id, name, input }: { id: number; name: keyof ScanTasks; input: unknown }) => {
  try {
    port.postMessage({ id, value: (tasks as unknown as Record<string, (input: unknown) => unknown>)[name]?.(input) });
  } catch (error) {
    port.postMessage({ id, error });
  }
});
