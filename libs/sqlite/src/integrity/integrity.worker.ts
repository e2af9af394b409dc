/** A thread that reads a database through, or a part of it: gigabytes take minutes. */
import { parentPort, workerData } from 'node:worker_threads';
import { openWriter, type RawConnection } from '../open.js';
import { findDamage } from './find-damage.js';
import type { BrokenReference, LookThroughStart } from './look-through.js';

/** Rows are looked for in an index in the order of the table, so that most of its pages are wanted again and again. */
const CACHE_KIB = 128 * 1024;

const { file, task } = workerData as LookThroughStart;
const connection = openWriter(file);
try {
  connection.pragma(`cache_size = -${CACHE_KIB}`);
  parentPort?.postMessage(
    task.kind === 'damage' ? findDamage(connection, task.scope) : { references: findBroken(connection) },
  );
} finally {
  connection.close();
}

function findBroken(from: RawConnection): BrokenReference[] {
  return from
    .prepare<[], BrokenReference>(
      'SELECT "table", parent, count(*) AS rows FROM pragma_foreign_key_check GROUP BY 1, 2 ORDER BY 1, 2',
    )
    .all();
}
