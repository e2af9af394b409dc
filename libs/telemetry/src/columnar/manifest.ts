import { ObjectNotFoundError, type ObjectStore } from '@mosis/object-store';
import { formatDay } from '../storage/days.js';
import type { ColumnarDeps } from './deps.js';
import { AGGREGATES_PREFIX, aggregatesKey, MANIFEST_KEY, RAW_PREFIX, rawKey } from './export-keys.js';

/** One exported file. */
export interface ManifestFile {
  key: string;
  rows: number;
  bytes: number;
  sha256: string;
  /** Bucket day of aggregates, day of receipt of raw rows. */
  day: string;
  kind: 'aggregates' | 'raw';
}

/** What `telemetry/manifest.json` says. */
export interface Manifest {
  version: 1;
  generated_at: string;
  /** Aggregates of days before this one were purged and do not come back. */
  purged_before: string | null;
  files: ManifestFile[];
}

const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;

/** Reads the manifest; undefined when there is none, or none that can be read: it is rebuilt then. */
export async function readManifest(objects: ObjectStore): Promise<Manifest | undefined> {
  try {
    return JSON.parse((await objects.readBytes(MANIFEST_KEY, MAX_MANIFEST_BYTES)).toString('utf8')) as Manifest;
  } catch (error) {
    if (error instanceof ObjectNotFoundError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * Writes the manifest anew from what is recorded and there, unless it says just that already. Running it again changes
 * nothing.
 */
export async function writeManifest(
  { state, objects, now }: Pick<ColumnarDeps, 'state' | 'objects' | 'now'>,
  purgedBefore: string | null,
): Promise<void> {
  const present = new Set<string>();
  for (const prefix of [AGGREGATES_PREFIX, RAW_PREFIX]) {
    for await (const { key } of objects.list(prefix)) present.add(key);
  }
  const recorded = [...(await recordedAggregates(state)), ...(await recordedRaw(state))];
  const files = recorded.filter(
    ({ key, kind, day }) => present.has(key) && (kind === 'raw' || purgedBefore === null || day >= purgedBefore),
  );
  const before = await readManifest(objects);
  const unchanged =
    before !== undefined &&
    before.version === 1 &&
    (before.purged_before ?? null) === purgedBefore &&
    JSON.stringify(before.files) === JSON.stringify(files);
  if (unchanged) return;
  const manifest: Manifest = {
    version: 1,
    generated_at: new Date(now()).toISOString(),
    purged_before: purgedBefore,
    files,
  };
  const bytes = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
  await objects.putBytes(MANIFEST_KEY, bytes, { contentType: 'application/json', replace: true });
}

async function recordedAggregates(state: ColumnarDeps['state']): Promise<ManifestFile[]> {
  const days = (await state.listBucketDays()).sort((a, b) => a.day - b.day);
  return days.flatMap(({ day, exported }) =>
    exported
      ? [
          {
            key: aggregatesKey(day),
            rows: exported.rows,
            bytes: exported.bytes,
            sha256: exported.sha256,
            day: formatDay(day),
            kind: 'aggregates' as const,
          },
        ]
      : [],
  );
}

async function recordedRaw(state: ColumnarDeps['state']): Promise<ManifestFile[]> {
  const partitions = (await state.listPartitions()).sort((a, b) => a.day - b.day);
  return partitions.flatMap(({ day, archive, exportedSha256 }) =>
    archive && exportedSha256 === archive.sha256
      ? [
          {
            key: rawKey(day),
            rows: archive.rows,
            bytes: archive.bytes,
            sha256: archive.sha256,
            day: formatDay(day),
            kind: 'raw' as const,
          },
        ]
      : [],
  );
}
