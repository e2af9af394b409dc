import { ObjectStoreError } from '@mosis/object-store';
import { parseDay } from '../storage/days.js';
import type { ColumnarDeps } from './deps.js';
import { ExportError } from './errors.js';
import { AGGREGATES_PREFIX, dayInKey, HISTORY_PREFIX } from './export-keys.js';
import { readManifest, writeManifest } from './manifest.js';

/**
 * Removes the exported aggregates of bucket days before `before` (`YYYY-MM-DD`) and what is kept of their replaced copies,
 * and answers their keys; with `dryRun` it only answers them. They do not come back: the manifest remembers the day, and
 * forgets the files before they go.
 *
 * @throws RangeError unless `before` is a day; ExportError when the object store does not do its part
 */
export async function purgeExports(
  deps: Pick<ColumnarDeps, 'state' | 'objects' | 'now' | 'log'>,
  { before, dryRun }: { before: string; dryRun: boolean },
): Promise<{ removed: string[] }> {
  parseDay(before);
  try {
    const keys: string[] = [];
    for (const prefix of [AGGREGATES_PREFIX, `${HISTORY_PREFIX}aggregates/`]) {
      for await (const { key } of deps.objects.list(prefix)) {
        const day = dayInKey(key);
        if (day !== undefined && day < before) keys.push(key);
      }
    }
    if (dryRun) return { removed: keys };
    const purgedBefore = (await readManifest(deps.objects))?.purged_before ?? null;
    await writeManifest(deps, purgedBefore === null || before > purgedBefore ? before : purgedBefore);
    for (const key of keys) {
      await deps.objects.delete(key);
      deps.log?.({ key }, 'exported aggregates purged');
    }
    return { removed: keys };
  } catch (error) {
    if (!(error instanceof ObjectStoreError)) throw error;
    throw new ExportError(`The purge stopped; run it again: ${error.message}`, error);
  }
}
