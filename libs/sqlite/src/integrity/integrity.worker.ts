/** A thread that reads a database through: gigabytes take minutes. */
import { parentPort, workerData } from 'node:worker_threads';
import { openWriter, type RawConnection } from '../open.js';
import { findDamage } from './find-damage.js';
import type { IntegrityTask } from './integrity-tasks.js';
import type { BrokenReference, LookThroughAnswer } from './look-through.js';

/** Rows are looked for in an index in the order of the table, so that most of its pages are wanted again and again. */
const CACHE_KIB = 128 * 1024;

let connection: RawConnection | undefined;

function open(): RawConnection {
  const opened = openWriter(workerData as string);
  opened.pragma(`cache_size = -${CACHE_KIB}`);
  return opened;
}

parentPort?.on('message', (task: IntegrityTask) => {
  let answer: LookThroughAnswer;
  try {
    connection ??= open();
    answer = task.kind === 'damage' ? findDamage(connection, task.scope) : { references: findBroken(connection) };
  } catch (error) {
    answer = { failed: (error as Error).message };
  }
  parentPort?.postMessage(answer);
});

function findBroken(from: RawConnection): BrokenReference[] {
  return from
    .prepare<[], BrokenReference>(
      'SELECT "table", parent, count(*) AS rows FROM pragma_foreign_key_check GROUP BY 1, 2 ORDER BY 1, 2',
    )
    .all();
}
