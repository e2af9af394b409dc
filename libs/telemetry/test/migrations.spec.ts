import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseMigration, rehearseMigration, type Migration, type MigrationProgress } from '@mosis/sqlite/connection';
import { createPartition } from '../src/storage/partitions.js';
import { eventsTable, ledgerTable, ledgerTableSql } from '../src/storage/day-tables.js';
import { migrateTelemetry, openTelemetryWriter, telemetryMigrationTarget } from '../src/storage/telemetry-file.js';

const DAY = 20_000;
const later = (up: string, down = 'SELECT 1'): Migration =>
  parseMigration('9999_later', `-- migrate:up\n${up}\n-- migrate:down\n${down}`);

describe('migrations of telemetry.db', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'mosis-telemetry-migrations-'));
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));
  const events = eventsTable(DAY);

  beforeAll(() => {
    migrateTelemetry(dataDir);
    const db = openTelemetryWriter(dataDir);
    db.exec('BEGIN');
    createPartition(db, DAY);
    db.exec(ledgerTableSql(DAY));
    db.exec(`INSERT INTO apps (package_id, pseudonym_key) VALUES ('com.example.one', zeroblob(32));
      WITH n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
        INSERT INTO ${events} SELECT i, 1, 1, 1, i, 1, 1, 0, '{}' FROM n;
      WITH n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
        INSERT INTO words (app, kind, value) SELECT 1, 'type', 'word ' || i FROM n;
      COMMIT`);
    db.close();
  });

  const migrate = (migration: Migration, allowLoss: string[] = []) => {
    const told: MigrationProgress[] = [];
    const target = telemetryMigrationTarget(dataDir);
    const outcomes = rehearseMigration(
      { ...target, migrations: [...target.migrations, migration] },
      { direction: 'up' },
      { allowLoss, onProgress: (step) => told.push(step) },
    ).apply();
    return { told, outcomes };
  };

  it.each([
    ['names one', `CREATE INDEX later ON ${events} (app)`],
    ['names a ledger', `DROP TABLE ${ledgerTable(DAY)}`],
  ])('never touch a day that is there: one that %s is refused', (_what, sql) => {
    expect(() => migrate(later(sql), [events])).toThrow('whose rows are written once');
  });

  it('never rewrite a day through a trigger either', () => {
    const db = openTelemetryWriter(dataDir);
    db.exec(`CREATE TRIGGER planted AFTER UPDATE ON words BEGIN DELETE FROM ${events}; END`);
    expect(() => migrate(later(`UPDATE words SET value = value || '!'`))).toThrow(
      `must not change the rows of ${events}`,
    );
    db.exec('DROP TRIGGER planted');
    db.close();
  });

  it('are rehearsed on samples, without a restore point, and lose nothing unsaid', () => {
    expect(() => migrate(later(`DELETE FROM words WHERE word > 100`))).toThrow('words (');
    const { told, outcomes } = migrate(later('ALTER TABLE words ADD COLUMN note TEXT'));
    expect(outcomes).toMatchObject([{ name: '9999_later', rows: 20_002 }]);
    expect(told.map(({ phase }) => phase)).toEqual(['copy', 'copy', 'rehearsal', 'rehearsal', 'apply', 'apply']);
    const rehearsal = told.find(({ phase }) => phase === 'rehearsal');
    expect(rehearsal?.rows).toBeLessThan(11_000);
    expect(existsSync(join(dataDir, 'restore-points', 'rehearsal.tmp'))).toBe(false);
    const db = openTelemetryWriter(dataDir);
    expect(db.prepare(`SELECT COUNT(*) FROM ${events}`).pluck().get()).toBe(20_000);
    expect(() => db.exec(`DELETE FROM ${events} WHERE id = 1`)).not.toThrow();
    db.close();
  });
});
