import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { coreDatabasePath, openCoreDatabase, readCoreMigrations } from '@mosis/db';
import { Migrator, openWriter } from '@mosis/sqlite';
import type { Bench } from '../../lib/bench.ts';
import { DAY_MS } from '../../lib/internals.ts';
import {
  Clock,
  JobsRepository,
  JobsService,
  SearchIndexRepository,
  SearchIndexService,
} from '../../lib/internals-api.ts';
import { Progress, say } from '../../lib/progress.ts';
import { Random } from '../../lib/random.ts';
import { SCALES, type Scale, type StoreSize } from '../../lib/scales.ts';
import { timed } from '../../lib/statistics.ts';
import { AppsWriter, type StoredApp } from './apps-writer.ts';
import { writeAudit } from './audit-writer.ts';
import { writePeople, type Person } from './people-writer.ts';
import { drawWord, makeVocabulary } from './vocabulary.ts';

/** Grows whenever data sets of an older form must not be used again. */
const FORMAT = 1;
const COMPLETE = 'store.json';
const APPS_PER_COMMIT = 500;
/** Ends some days before now, and begins so long before. */
const SPAN_DAYS = 830;
/** How many apps, people and words a measurement can choose from. */
const SAMPLES = 2_000;

/** A core.db full of accounts, apps, versions and audit rows; the bytes of packages are not there. */
export interface StoreDataset extends StoreSize {
  format: number;
  seed: number;
  folder: string;
  versionsWritten: number;
  bytes: number;
  /** What building it took, milliseconds. */
  buildMs: number;
  /** Of the developer who is measured with. */
  apiKey: string;
  measuredDeveloperId: string;
  samples: { emails: string[]; developerIds: string[]; packageIds: string[]; words: string[] };
}

/** Finds the store of a scale in the benchmark's folder, or builds it there. */
export async function openStore(bench: Bench, scale: Scale['name'] = bench.scale.name): Promise<StoreDataset> {
  const size = SCALES[scale].store;
  const folder = join(bench.folder, `store-${size.apps}-seed${bench.seed}${bench.catalogue ? '-catalogue' : ''}`);
  const complete = join(folder, COMPLETE);
  if (existsSync(complete)) {
    const found = JSON.parse(readFileSync(complete, 'utf8')) as StoreDataset;
    if (found.format === FORMAT && found.auditRows === size.auditRows) {
      migrate(folder);
      await mergeSearchIndexes(folder);
      return { ...found, folder };
    }
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const dataset = await build(bench, folder, size);
  await mergeSearchIndexes(folder);
  writeFileSync(complete, `${JSON.stringify(dataset, undefined, 2)}\n`);
  return dataset;
}

/** Brings a store that was built before the newest migrations up to them: the server would rehearse each on a copy first. */
function migrate(folder: string): void {
  const db = openWriter(coreDatabasePath(folder));
  try {
    new Migrator(db, readCoreMigrations()).up();
  } finally {
    db.close();
  }
}

/** Does to the full-text indexes what a server does once a day: a store of this size has lived through a night. */
async function mergeSearchIndexes(folder: string): Promise<void> {
  const db = openCoreDatabase(folder);
  try {
    const jobs = new JobsService(db, new JobsRepository(db), new Clock());
    await new SearchIndexService(db, new SearchIndexRepository(db), jobs).merge();
  } finally {
    await db.close();
  }
}

async function build(bench: Bench, folder: string, size: StoreSize): Promise<StoreDataset> {
  const many = (value: number) => value.toLocaleString('en');
  say(
    `building a store: ${many(size.apps)} apps, about ${many(size.versions)} versions, ${many(size.auditRows)} audit rows`,
  );
  const vocabulary = await makeVocabulary(bench.seed, bench.catalogue);
  const random = new Random(bench.seed);
  const startMs = Math.floor(Date.now() / DAY_MS) * DAY_MS - SPAN_DAYS * DAY_MS;
  const db = openWriter(coreDatabasePath(folder));
  try {
    new Migrator(db, readCoreMigrations()).up();
    // Nobody else has the file, and a build that is broken off begins anew.
    for (const pragma of ['journal_mode = MEMORY', 'synchronous = OFF', 'cache_size = -524288']) db.pragma(pragma);
    const { result, ms } = await timed(() => {
      db.exec('BEGIN');
      const { people, apiKey } = writePeople(db, random, { ...size, startMs });
      db.exec('COMMIT');
      const writer = new AppsWriter(db, random, vocabulary, people, startMs);
      const apps: StoredApp[] = [];
      const progress = new Progress('apps written', size.apps);
      for (let index = 0; index < size.apps; index += 1) {
        if (index % APPS_PER_COMMIT === 0) db.exec('BEGIN');
        apps.push(writer.write(index, size.apps, size.versions / size.apps));
        if ((index + 1) % APPS_PER_COMMIT === 0 || index + 1 === size.apps) db.exec('COMMIT');
        progress.at(index + 1);
      }
      writeAudit(
        db,
        random,
        { rows: size.auditRows, startMs, apps, people },
        new Progress('audit rows written', size.auditRows),
      );
      db.exec('ANALYZE');
      return { people, apiKey, apps, versionsWritten: writer.versions };
    });
    db.pragma('journal_mode = WAL');
    const { people, apps, apiKey, versionsWritten } = result;
    const pick = <Item>(items: readonly Item[]): Item[] => Array.from({ length: SAMPLES }, () => random.pick(items));
    const sampled = pick(people.slice(1));
    const dataset: StoreDataset = {
      ...size,
      format: FORMAT,
      seed: bench.seed,
      folder,
      versionsWritten,
      bytes: statSync(coreDatabasePath(folder)).size,
      buildMs: ms,
      apiKey,
      measuredDeveloperId: (people[1] as Person).id,
      samples: {
        emails: sampled.map(({ email }) => email),
        developerIds: sampled.map(({ id }) => id),
        packageIds: pick(apps.filter(({ versionIds }) => versionIds.length > 3)).map(({ packageId }) => packageId),
        words: Array.from({ length: SAMPLES }, () => drawWord(vocabulary, random)),
      },
    };
    say(
      `built: ${many(versionsWritten)} versions, ${(dataset.bytes / 1e6).toFixed(0)} MB in ${(ms / 1000).toFixed(0)} s`,
    );
    return dataset;
  } finally {
    db.close();
  }
}
