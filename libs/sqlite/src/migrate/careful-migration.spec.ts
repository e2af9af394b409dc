import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dumpFile } from '../../test/support/dump.js';
import { temporaryDirectory } from '../../test/support/temporary.js';
import { openReader, openWriter, type RawConnection } from '../open.js';
import {
  migrateTogether,
  rehearseMigration,
  restorePointsOf,
  type CarefulOptions,
  type MigrationProgress,
  type MigrationTarget,
} from './careful-migration.js';
import type { MigrationChange } from './history.js';
import { parseMigration, type Migration } from './migration-files.js';
import { RESTORE_POINTS_KEPT } from './restore-points.js';
import { useRestorePoint } from './use-restore-point.js';

const UP: MigrationChange = { direction: 'up' };
const NOW = new Date('2026-11-27T18:45:12.345Z');
const migration = (name: string, up: string, down = `SELECT 'nothing to take back'`): Migration =>
  parseMigration(name, `-- migrate:up\n${up}\n-- migrate:down\n${down}\n`);

const FIRST = migration(
  '0001_people',
  `CREATE TABLE developers (id INTEGER PRIMARY KEY, email TEXT NOT NULL, nickname TEXT) STRICT;
   CREATE TABLE apps (id INTEGER PRIMARY KEY, developer INTEGER NOT NULL REFERENCES developers (id) ON DELETE CASCADE) STRICT;`,
  'DROP TABLE apps; DROP TABLE developers;',
);
/** The accident behind it all: the parent is rebuilt and the migrator's safe pragma is taken away beforehand. */
const EMPTIES = {
  plainly: migration('0002_empties', 'DELETE FROM apps'),
  byCascade: migration(
    '0002_empties',
    `CREATE TABLE fresh (id INTEGER PRIMARY KEY, email TEXT NOT NULL, nickname TEXT) STRICT;
     INSERT INTO fresh SELECT * FROM developers; DELETE FROM apps WHERE developer IN (SELECT id FROM developers);
     DROP TABLE developers; ALTER TABLE fresh RENAME TO developers;`,
  ),
  aColumn: migration('0002_empties', 'UPDATE developers SET nickname = NULL'),
};
const ADDS = migration(
  '0002_adds',
  `ALTER TABLE developers ADD COLUMN age INTEGER`,
  'ALTER TABLE developers DROP COLUMN age',
);

describe('a careful migration', () => {
  let folder: string;
  let writer: RawConnection | undefined;
  beforeEach(() => {
    folder = temporaryDirectory();
    writer = undefined;
  });
  afterEach(() => writer?.close());

  const target = (...migrations: Migration[]): MigrationTarget => ({
    file: join(folder, 'core.db'),
    migrations,
    folder: join(folder, 'restore-points'),
    copy: 'whole',
    companions: ['head.json'],
  });
  const run = (migrations: Migration[], options: CarefulOptions = {}, change: MigrationChange = UP) =>
    rehearseMigration(target(...migrations), change, { now: () => NOW, ...options }).apply();
  const points = () => restorePointsOf(target());
  /** A file with rows, part of them still in its write-ahead log, which a killed process left. */
  const fill = () => {
    run([FIRST]);
    writer = openWriter(join(folder, 'core.db'));
    writer.exec(
      `INSERT INTO developers VALUES (1, 'ada@example.com', 'A'), (2, 'g@example.com', NULL); INSERT INTO apps VALUES (1, 1), (2, 2)`,
    );
  };
  const bytes = () =>
    ['core.db', 'core.db-wal'].map((name) =>
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex'),
    );
  const read = <Result>(work: (reader: RawConnection) => Result): Result => {
    const reader = openReader(join(folder, 'core.db'));
    try {
      return work(reader);
    } finally {
      reader.close();
    }
  };

  it('of a fresh file is just the migration', () => {
    const told: string[] = [];
    run([FIRST], { onProgress: ({ phase }) => told.push(phase), freeBytes: () => 0 });
    expect(told).toEqual(['apply', 'apply']);
    expect(existsSync(join(folder, 'restore-points'))).toBe(false);
  });

  it('with nothing pending only looks', () => {
    fill();
    const before = bytes();
    expect(run([FIRST], { freeBytes: () => 0 })).toEqual([]);
    expect(run([FIRST], { freeBytes: () => 0 }, { direction: 'down', steps: 0 })).toEqual([]);
    expect(bytes()).toEqual(before);
    expect(readdirSync(folder).sort()).toEqual(['core.db', 'core.db-shm', 'core.db-wal']);
  });

  it('keeps a restore point, rehearses on a copy of it, applies, and tells how long each took', () => {
    fill();
    writeFileSync(join(folder, 'head.json'), '{"seq":7}');
    const before = read(dumpFile);
    const told: MigrationProgress[] = [];
    expect(run([FIRST, ADDS], { onProgress: (step) => told.push(step) })).toMatchObject([
      { name: '0002_adds', rows: 4 },
    ]);
    const name = '20261127T184512345Z-0001_people';
    expect(told.filter(({ durationMs }) => durationMs !== undefined)).toMatchObject([
      { database: 'core.db', phase: 'restore-point', restorePoint: name, bytes: expect.any(Number) },
      { phase: 'copy', bytes: expect.any(Number) },
      { phase: 'rehearsal', migration: '0002_adds', rows: 4 },
      { phase: 'apply', migration: '0002_adds', rows: 4 },
    ]);
    expect(told.map(({ phase }) => phase)).toHaveLength(8);
    expect(points().list()).toMatchObject([{ name, made_at: NOW.toISOString(), migration: '0001_people' }]);
    expect(readdirSync(join(folder, 'restore-points')).sort()).toEqual([`${name}.db`, `${name}.head.json`]);
    expect(statSync(join(folder, 'restore-points', `${name}.db`)).mode & 0o777).toBe(0o600);
    const point = openReader(join(folder, 'restore-points', `${name}.db`));
    expect(dumpFile(point)).toEqual(before);
    point.close();
  });

  it.each([
    ['empties a table plainly', EMPTIES.plainly, 'apps', 'apps (2 → 0)'],
    ['empties a table around a rebuild', EMPTIES.byCascade, 'apps', 'apps (2 → 0)'],
    ['empties a column', EMPTIES.aColumn, 'developers.nickname', 'developers.nickname (1 → 0)'],
  ])(
    'that %s is refused before the file is touched; forced, its restore point brings everything back',
    (_what, empties, subject, message) => {
      fill();
      writeFileSync(join(folder, 'head.json'), '{"seq":7}');
      const before = { bytes: bytes(), dump: read(dumpFile) };
      expect(() => run([FIRST, empties])).toThrow(message);
      expect(bytes()).toEqual(before.bytes);
      expect(readdirSync(join(folder, 'restore-points'))).toEqual([]);
      writer?.close();

      run([FIRST, empties], { allowLoss: [subject] });
      const after = read(dumpFile);
      expect(after).not.toEqual(before.dump);
      writeFileSync(join(folder, 'head.json'), '{"seq":9}');
      const [point] = points().list();
      const { kept, damaged } = useRestorePoint(points(), point!.name, NOW);
      expect(damaged).toBeNull();
      expect(read(dumpFile)).toEqual(before.dump);
      expect(readFileSync(join(folder, 'head.json'), 'utf8')).toBe('{"seq":7}');
      // And the way back from the way back.
      useRestorePoint(points(), kept!, NOW);
      expect(read(dumpFile)).toEqual(after);
      expect(readFileSync(join(folder, 'head.json'), 'utf8')).toBe('{"seq":9}');
    },
  );

  it('goes back as carefully as forward', () => {
    fill();
    run([FIRST, ADDS]);
    const before = bytes();
    const migrations = [FIRST, ADDS];
    expect(() => run(migrations, {}, { direction: 'down', steps: 2 })).toThrow('apps (2 → 0)');
    expect(bytes()).toEqual(before);
    expect(points().list()).toHaveLength(1);
    expect(run(migrations, {}, { direction: 'down', steps: 1 })).toMatchObject([
      { name: '0002_adds', direction: 'down' },
    ]);
    expect(
      points()
        .list()
        .map((point) => point.migration),
    ).toEqual(['0002_adds', '0001_people']);
  });

  it('finds in the rehearsal what the file itself is not asked for: rows that break a CHECK', () => {
    fill();
    const breaks = migration(
      '0002_breaks',
      `CREATE TABLE scores (points INTEGER CHECK (points > 0)) STRICT; PRAGMA ignore_check_constraints = ON; INSERT INTO scores VALUES (-1);`,
    );
    const before = bytes();
    expect(() => run([FIRST, breaks])).toThrow('CHECK constraint failed in scores');
    expect(bytes()).toEqual(before);
  });

  it('is refused without the room for it, and says how much that is', () => {
    fill();
    const before = bytes();
    expect(() => run([FIRST, ADDS], { freeBytes: () => 64 * 1024 * 1024 })).toThrow(
      /needs about 65 MiB free in .*; 64 MiB are/,
    );
    expect(bytes()).toEqual(before);
    expect(existsSync(join(folder, 'restore-points'))).toBe(false);
  });

  it('that cannot keep a restore point says so and leaves nothing half-made', () => {
    fill();
    const before = bytes();
    mkdirSync(join(folder, 'head.json'));
    expect(() => run([FIRST, ADDS])).toThrow(/restore point of .*core\.db could not be kept .* Nothing was changed/);
    expect(bytes()).toEqual(before);
    expect(readdirSync(join(folder, 'restore-points'))).toEqual([]);
  });

  it('of two files rehearses both before it changes either, and goes on where it failed', () => {
    fill();
    const other = (...migrations: Migration[]): MigrationTarget => ({
      ...target(FIRST, ...migrations),
      file: join(folder, 'other.db'),
      copy: 'samples',
    });
    const both = (later: Migration) => [target(FIRST, ADDS), other(later)];
    rehearseMigration(other(), UP).apply();
    const before = bytes();
    expect(() => migrateTogether(both(migration('0002_broken', 'SELECT wrong')), UP)).toThrow('0002_broken');
    expect(bytes()).toEqual(before);
    expect(readdirSync(join(folder, 'restore-points'))).toEqual([]);

    // Passes on samples and not on the file itself.
    const late = migration(
      '0002_late',
      `CREATE TABLE once (name TEXT UNIQUE); INSERT INTO once SELECT 'x' FROM pragma_database_list WHERE file LIKE '%other.db' UNION ALL SELECT 'x'`,
    );
    expect(() => migrateTogether(both(late), UP)).toThrow('0002_late (up) failed and left nothing behind: UNIQUE');
    expect(read((reader) => reader.prepare('SELECT name FROM schema_migrations').pluck().all())).toContain('0002_adds');
    expect(points().list()).toHaveLength(1);
    expect(migrateTogether(both(ADDS), UP)).toMatchObject([{ name: '0002_adds' }]);
  });

  it('keeps a few restore points, the newest always, and clears what a killed process left', () => {
    fill();
    const toggle = Array.from({ length: RESTORE_POINTS_KEPT + 2 }, (_, index) =>
      migration(`${String(index + 2).padStart(4, '0')}_step`, `CREATE TABLE t${index} (id INTEGER)`),
    );
    for (let count = 1; count <= toggle.length; count += 1) {
      if (count > 1) writeFileSync(join(folder, 'core.db.incoming'), 'x');
      for (const name of ['rehearsal.tmp', 'rehearsal.tmp-wal', 'half.tmp', 'half.tmp-journal'])
        if (count > 1) writeFileSync(join(folder, 'restore-points', name), 'x');
      run([FIRST, ...toggle.slice(0, count)]);
    }
    const kept = points().list();
    expect(kept).toHaveLength(RESTORE_POINTS_KEPT);
    expect(kept[0]?.migration).toBe(toggle.at(-2)?.name);
    expect(readdirSync(join(folder, 'restore-points')).filter((name) => name.includes('tmp'))).toEqual([]);
    expect(existsSync(join(folder, 'core.db.incoming'))).toBe(false);
    expect(() => run([FIRST, ...toggle, migration('0099_broken', 'SELECT wrong')])).toThrow('0099_broken');
    expect(points().list()).toEqual(kept);
  });

  describe('undone by a restore point', () => {
    it('refuses a restore point that is not there or is damaged, and touches nothing', () => {
      fill();
      run([FIRST, ADDS]);
      const [point] = points().list();
      writer?.close();
      const before = readFileSync(join(folder, 'core.db'));
      expect(() => useRestorePoint(points(), '20200101T000000000Z-x', NOW)).toThrow('mosis db restore-points');
      writeFileSync(point!.file, Buffer.concat([readFileSync(point!.file).subarray(0, 5000), Buffer.alloc(9000, 7)]));
      expect(() => useRestorePoint(points(), point!.name, NOW)).toThrow('is damaged');
      writeFileSync(point!.file, 'no database at all');
      expect(() => useRestorePoint(points(), point!.name, NOW)).toThrow('is damaged');
      expect(readFileSync(join(folder, 'core.db'))).toEqual(before);
    });

    it('waits for nobody: a file that somebody has open stays', () => {
      fill();
      run([FIRST, ADDS]);
      const [point] = points().list();
      const reader = openReader(join(folder, 'core.db'));
      reader.exec('BEGIN; SELECT * FROM developers;');
      expect(() => useRestorePoint(points(), point!.name, NOW)).toThrow('locked');
      reader.close();
    });

    it('takes the place of a file that cannot be read, which is put aside with its log', () => {
      fill();
      run([FIRST, ADDS]);
      writer?.close();
      const [point] = points().list();
      writeFileSync(join(folder, 'core.db'), 'rubbish'.repeat(2000));
      writeFileSync(join(folder, 'core.db-wal'), 'its log');
      const { kept, damaged } = useRestorePoint(points(), point!.name, NOW);
      expect(kept).toBeNull();
      expect(readFileSync(damaged!, 'utf8')).toContain('rubbish');
      expect(readFileSync(`${damaged}-wal`, 'utf8')).toBe('its log');
      expect(read((reader) => reader.prepare('SELECT COUNT(*) FROM apps').pluck().get())).toBe(2);
    });
  });
});
