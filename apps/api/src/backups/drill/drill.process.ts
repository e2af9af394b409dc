/** A verification of the backups in a process of its own, which takes what others leave. */
import { constants, setPriority } from 'node:os';
import type { DrillMessage, DrillOrder } from './drill.types.js';
import { countLive, runDrill } from './run-drill.js';

setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

const tell = (message: DrillMessage) => process.send?.(message);
let marked: () => void = () => undefined;
const whenMarked = new Promise<void>((resolve) => (marked = resolve));

process.on('message', (order: DrillOrder) => {
  if (order.kind === 'marked') return marked();
  void (async () => {
    try {
      const before = countLive(order.request.dataDir);
      tell({ kind: 'counted' });
      await whenMarked;
      tell({ kind: 'done', findings: await runDrill(order.request, before, tell) });
    } catch (error) {
      tell({ kind: 'failed', message: (error as Error).stack ?? String(error) });
    }
  })();
});

// Whoever started it is gone: what it started goes with it.
process.on('disconnect', () => process.kill(-process.pid, 'SIGKILL'));
