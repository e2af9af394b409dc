import { rm } from 'node:fs/promises';
import { ObjectStoreError } from '@mosis/object-store';
import { dayOf, formatDay, parseDay } from '../storage/days.js';
import { archivePath } from '../storage/telemetry-file.js';
import type { ColumnarDeps } from './deps.js';
import { ExportError } from './errors.js';
import { aggregatesKey, dayInKey, historyKey, RAW_PREFIX, rawKey } from './export-keys.js';
import { readManifest, writeManifest } from './manifest.js';
import { hasCurrentArchive } from './run-archive.js';
import { scratchFolder } from './scratch.js';

export interface ExportOptions {
  /** Whether daily aggregates go to the object store. */
  aggregates: boolean;
  /** Whether the archive's files go there as well. */
  raw: boolean;
  /** Days after which a raw copy is removed again. */
  rawDays: number;
}

const PARQUET = 'application/vnd.apache.parquet';

/**
 * Brings the object store up to date: the aggregates of past bucket days that have changed since they were exported, the raw
 * copies when asked for, and last the manifest. Raw copies that are there already are renewed after an erasure, and removed
 * when they are past their time, whether asked for or not.
 * Each step is recorded after it is done, so a run that was cut short is finished by the next one. A day whose aggregates
 * cannot be made does not keep the others from theirs; the first failure is thrown at the end.
 *
 * @throws ExportError when the object store does not do its part, which ends the run
 */
export async function runExport(deps: ColumnarDeps, options: ExportOptions): Promise<{ exported: string[] }> {
  try {
    const exported: string[] = [];
    const manifest = await readManifest(deps.objects);
    const purgedBefore = manifest?.purged_before ?? null;
    const failures = options.aggregates ? await exportAggregates(deps, purgedBefore, exported) : [];
    await exportRaw(deps, options, exported);
    await removeExpiredRaw(deps, options);
    if (options.aggregates || options.raw || manifest) await writeManifest(deps, purgedBefore);
    if (failures.length > 0) throw failures[0];
    return { exported };
  } catch (error) {
    if (!(error instanceof ObjectStoreError)) throw error;
    throw new ExportError(`The export stopped, and goes on with the next run: ${error.message}`, error);
  }
}

/** Answers why days could not be exported. */
async function exportAggregates(
  deps: ColumnarDeps,
  purgedBefore: string | null,
  exported: string[],
): Promise<unknown[]> {
  const failures: unknown[] = [];
  const today = dayOf(deps.now());
  const changed = (await deps.state.listBucketDays())
    .filter(({ day, version, exported: last }) => day < today && last?.version !== version)
    .sort((a, b) => a.day - b.day);
  const isPurged = (day: number) => purgedBefore !== null && formatDay(day) < purgedBefore;
  // Recorded, so that nothing waits for an export that never comes.
  for (const { day, version } of changed.filter((each) => isPurged(each.day))) {
    await deps.state.recordPurged(day, version);
  }
  const waiting = changed.filter(({ day }) => !isPurged(day));
  for (const [index, { day }] of waiting.entries()) {
    const fields = { day: formatDay(day), done: index + 1, of: waiting.length };
    const written = await deps.analytics.run('aggregates', { day }).catch((error: Error) => error);
    if (written instanceof Error) {
      failures.push(written);
      deps.log?.({ ...fields, error: written.message }, 'bucket day could not be exported');
      continue;
    }
    const { path, version, rows, bytes, sha256 } = written;
    try {
      await keepReplaced(deps, day, sha256);
      await deps.objects.putFile(aggregatesKey(day), path, { sha256, contentType: PARQUET, replace: true });
    } finally {
      await rm(path, { force: true });
    }
    await deps.state.recordExport(day, { version, rows, bytes, sha256 });
    exported.push(aggregatesKey(day));
    deps.log?.({ ...fields, rows, bytes }, 'bucket day exported');
  }
  return failures;
}

/** Copies what is about to be replaced out of the readers' sight. */
async function keepReplaced({ objects, dataDir }: ColumnarDeps, day: number, sha256: string): Promise<void> {
  const key = aggregatesKey(day);
  if ((await objects.stat(key)) === undefined) return;
  const replaced = await objects.hash(key);
  if (replaced.sha256 === sha256) return;
  await objects.withLocalFile(key, scratchFolder(dataDir), (path) =>
    objects.putFile(historyKey(day, replaced.sha256), path, { sha256: replaced.sha256, contentType: PARQUET }),
  );
}

/**
 * Raw copies that are replaced are not kept: what an erasure took out of them must be gone. Therefore those that are there
 * follow the archive also when no others are asked for.
 */
async function exportRaw(deps: ColumnarDeps, options: ExportOptions, exported: string[]): Promise<void> {
  const horizon = dayOf(deps.now()) - options.rawDays;
  const present = new Set((await listRawCopies(deps)).map(({ day }) => day));
  const waiting = (await deps.state.listPartitions())
    .filter((partition) => partition.closed && partition.day > horizon && hasCurrentArchive(deps.dataDir, partition))
    .filter(({ day }) => options.raw || present.has(day))
    .sort((a, b) => a.day - b.day);
  for (const [index, { day, archive, exportedSha256 }] of waiting.entries()) {
    if (!archive || archive.sha256 === exportedSha256) continue;
    const path = archivePath(deps.dataDir, formatDay(day));
    await deps.objects.putFile(rawKey(day), path, { sha256: archive.sha256, contentType: PARQUET, replace: true });
    await deps.state.recordRawExport(day, archive.sha256);
    exported.push(rawKey(day));
    const fields = {
      day: formatDay(day),
      rows: archive.rows,
      bytes: archive.bytes,
      done: index + 1,
      of: waiting.length,
    };
    deps.log?.(fields, 'partition exported');
  }
}

/** The raw copies that the object store holds, recorded or not. */
async function listRawCopies({ objects }: ColumnarDeps): Promise<{ key: string; day: number }[]> {
  const copies: { key: string; day: number }[] = [];
  for await (const { key } of objects.list(RAW_PREFIX)) {
    const day = dayInKey(key);
    if (day !== undefined) copies.push({ key, day: parseDay(day) });
  }
  return copies;
}

async function removeExpiredRaw(deps: ColumnarDeps, options: ExportOptions): Promise<void> {
  const { objects, state, now, log } = deps;
  const horizon = dayOf(now()) - options.rawDays;
  const expired = (await listRawCopies(deps)).filter(({ day }) => day <= horizon);
  const recorded = new Set((await state.listPartitions()).map(({ day }) => day));
  for (const { key, day } of expired) {
    await objects.delete(key);
    if (recorded.has(day)) await state.recordRawExport(day, null);
    log?.({ day: formatDay(day) }, 'raw copy past its time removed');
  }
}
