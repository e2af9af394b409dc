import Database from 'better-sqlite3';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { hashAuditRow, type UnchainedRow } from '../src/audit/audit-chain.js';
import { AuditSegments } from '../src/audit/audit-segments.js';
import { AuditThreads } from '../src/audit/audit-thread.js';
import { AuditService, SYSTEM } from '../src/audit/audit.service.js';
import { createAdmin } from './support/actors.js';
import { countAudit, rows, scalar, sql } from './support/attack.js';
import { TestPlatform } from './support/platform.js';

type Row = UnchainedRow & { hash: string };
const DAY_MS = 86_400_000;

/** Invariant 7, second half: the chain verifies end to end against a head outside the file. */
describe('the audit chain', () => {
  let platform: TestPlatform;
  beforeEach(async () => {
    platform = await TestPlatform.start();
    await append(12);
  });
  afterEach(() => platform.stop());

  const verify = () => platform.app.get(AuditService).verify();
  const append = (count: number) =>
    platform.db.write(async (trx) => {
      for (let index = 0; index < count; index += 1)
        await platform.app.get(AuditService).append(trx, SYSTEM, {
          action: 'test.happened',
          subject: { kind: 'test', id: `${index}` },
        });
    });
  /** Adds rows with so many letters of data in one go. */
  function appendLarge(count: number, letters: number): void {
    const { rawWriter } = platform.db;
    const end = rawWriter.prepare('SELECT * FROM audit_logs ORDER BY seq DESC LIMIT 1').get() as Row;
    const insert = rawWriter.prepare(
      `INSERT INTO audit_logs (${Object.keys(end).join(', ')}) VALUES (${Object.keys(end)
        .map((name) => `@${name}`)
        .join(', ')})`,
    );
    const data = JSON.stringify({ large: 'x'.repeat(letters) });
    rawWriter.transaction(() => {
      for (let row = end; row.seq < end.seq + count;) {
        const next = { ...row, seq: row.seq + 1, data, previous_hash: row.hash };
        row = { ...next, hash: hashAuditRow(next) };
        insert.run(row);
      }
    })();
  }
  /** Stops the platform, changes its file as anybody could who holds it, and starts it again on what is left. */
  async function tamper(change: (file: Database.Database) => void): Promise<TestPlatform> {
    const stopped = platform;
    const { dataDir } = platform.settings;
    await platform.stop({ keepData: true });
    const file = new Database(join(dataDir, 'core.db'));
    const triggers = file.prepare(`SELECT name FROM sqlite_master WHERE type = 'trigger'`).pluck().all() as string[];
    for (const name of triggers.filter((trigger) => trigger.startsWith('audit_'))) file.exec(`DROP TRIGGER ${name}`);
    change(file);
    file.close();
    platform = await TestPlatform.start({ DATA_DIR: dataDir });
    return stopped;
  }
  /** Writes rows from `seq` on anew, each hash computed as the application does. */
  function rechain(file: Database.Database, from: number): void {
    const read = file.prepare('SELECT * FROM audit_logs WHERE seq >= ? ORDER BY seq');
    const write = file.prepare('UPDATE audit_logs SET previous_hash = ?, hash = ? WHERE seq = ?');
    let previous = file
      .prepare('SELECT hash FROM audit_logs WHERE seq = ?')
      .pluck()
      .get(from - 1) as string;
    for (const row of read.all(from) as Row[]) {
      const hash = hashAuditRow({ ...row, previous_hash: previous });
      write.run(previous, hash, row.seq);
      previous = hash;
    }
  }

  it('verifies when nobody touched it, also after a restart', async () => {
    expect(await verify()).toMatchObject({ ok: true, rows: 12, lastSeq: 12, problem: null });
    await tamper(() => undefined);
    await append(1);
    expect(await verify()).toMatchObject({ ok: true, rows: 13, lastSeq: 13 });
  });

  it('is worked on no further once the server stops', async () => {
    const threads = new AuditThreads(platform.settings);
    const walk = () => threads.with(undefined, (thread) => thread.do('live', {}));
    await expect(walk()).resolves.toMatchObject({ rows: 12, end: { seq: 12 }, problem: undefined });
    const walking = walk();
    await threads.onModuleDestroy();
    await expect(walking).rejects.toThrow('ended early');
    await expect(walk()).rejects.toThrow('ended early');
    const nowhere = new AuditThreads({ ...platform.settings, dataDir: '/nowhere' });
    await expect(nowhere.with(undefined, (thread) => thread.do('live', {}))).rejects.toThrow('Cannot open');
    // Also when it is asked after it has failed.
    const twice = nowhere.with(undefined, async (thread) => {
      await thread.do('live', {}).catch(() => undefined);
      return thread.do('live', {});
    });
    await expect(twice).rejects.toThrow('Cannot open');
  });

  it('is not moved while it is walked', async () => {
    const threads = platform.app.get(AuditThreads);
    const order: string[] = [];
    const walk = threads.with(undefined, async () => {
      order.push('walk');
      for (let turn = 0; turn < 10; turn += 1) await setImmediate();
      order.push('walked');
    });
    const move = threads.with(undefined, async () => order.push('move'));
    await Promise.all([walk, move]);
    expect(order).toEqual(['walk', 'walked', 'move']);
  });

  it('takes no UPDATE, DELETE, REPLACE or row between others', () => {
    const copy = (verb: string, seq: string) =>
      `${verb} INTO audit_logs SELECT ${seq}, occurred_at, actor_kind, actor_id, credential_id, 'forged', subject_kind,
         subject_id, data, request_id, previous_hash, hash FROM audit_logs WHERE seq = 5`;
    for (const attack of [
      `UPDATE audit_logs SET action = 'forged' WHERE seq = 5`,
      `UPDATE OR REPLACE audit_logs SET seq = 6 WHERE seq = 5`,
      'DELETE FROM audit_logs WHERE seq = 12',
      'DELETE FROM audit_logs',
      copy('INSERT', '5'),
      copy('INSERT OR REPLACE', '5'),
      copy('REPLACE', '12'),
      copy('INSERT', '14'),
      copy('INSERT', '13'),
    ])
      expect(() => sql(platform, attack)).toThrow(/audit-/);
    expect(countAudit(platform)).toBe(12);
  });

  it.each([
    ['an edited row', `UPDATE audit_logs SET actor_id = 'somebody else' WHERE seq = 5`, /Row 5 was changed/],
    ['an edited time', `UPDATE audit_logs SET occurred_at = '2020-01-01T00:00:00.000Z' WHERE seq = 7`, /Row 7 was/],
    ['a row that was removed', 'DELETE FROM audit_logs WHERE seq = 5', /Row 5 is missing/],
    ['a first row that was removed', 'DELETE FROM audit_logs WHERE seq = 1', /Row 1 is missing/],
    [
      'a row that was put in',
      `UPDATE audit_logs SET seq = seq + 100 WHERE seq > 5; UPDATE audit_logs SET seq = seq - 99 WHERE seq > 100;
       INSERT INTO audit_logs SELECT 6, occurred_at, actor_kind, actor_id, credential_id, 'forged', subject_kind,
         subject_id, data, request_id, hash, hash FROM audit_logs WHERE seq = 5`,
      /Row 6 was changed/,
    ],
    ['rows that changed places', swap(4, 5), /Row 4/],
  ])('shows %s', async (_, attack, problem) => {
    await tamper((file) => file.exec(attack));
    expect(await verify()).toMatchObject({ ok: false, problem: expect.stringMatching(problem) });
  });

  it.each([1, 5, 12])('shows a tail of %i rows that was cut off, also after more was written', async (cut) => {
    await tamper((file) => file.prepare('DELETE FROM audit_logs WHERE seq > ?').run(12 - cut));
    expect(await verify()).toMatchObject({ ok: false, problem: expect.stringMatching(/missing at the end/) });
    await append(cut + 3);
    expect((await verify()).problem).toMatch(/Row 12 is not the one that the head/);
    const { log } = await tamper(() => undefined);
    expect((await verify()).ok).toBe(false);
    expect(log.split('rows were cut off or changed')).toHaveLength(2);
  });

  it('shows an edited row whose own hash was computed anew', async () => {
    await tamper((file) => {
      file.exec(`UPDATE audit_logs SET actor_id = 'somebody else' WHERE seq = 5`);
      const row = file.prepare('SELECT * FROM audit_logs WHERE seq = 5').get() as Row;
      file.prepare('UPDATE audit_logs SET hash = ? WHERE seq = 5').run(hashAuditRow(row));
    });
    expect((await verify()).problem).toMatch(/Row 6 does not continue row 5/);
  });

  it('shows a chain that was computed anew after an edit', async () => {
    await tamper((file) => {
      file.exec(`UPDATE audit_logs SET actor_id = 'somebody else' WHERE seq = 5`);
      rechain(file, 5);
    });
    expect((await verify()).problem).toMatch(/Row 12 is not the one that the head/);
  });

  it('says so on the system page after the nightly run, until the operator takes the head away', async () => {
    await tamper((file) => file.exec('DELETE FROM audit_logs WHERE seq > 6'));
    const admin = await createAdmin(platform);
    const codes = async () =>
      ((await admin.client.get('/v1/admin/system')).body.problems as { code: string }[]).map(({ code }) => code);
    expect(await codes()).not.toContain('audit-chain-broken');
    platform.clock.advance(DAY_MS);
    await platform.idle();
    await admin.client.post('/v1/auth/login', { email: admin.email, password: 'correct horse battery' });
    expect(await codes()).toContain('audit-chain-broken');
    rmSync(join(platform.settings.dataDir, 'audit-head.json'));
    platform.clock.advance(DAY_MS + 60_000);
    await platform.idle();
    expect(await codes()).not.toContain('audit-chain-broken');
  });

  it('reads a head that a power cut left empty as none', async () => {
    await platform.stop({ keepData: true });
    writeFileSync(join(platform.settings.dataDir, 'audit-head.json'), '');
    platform = await TestPlatform.start({ DATA_DIR: platform.settings.dataDir });
    expect((await verify()).ok).toBe(true);
  });

  it('is moved in segments of a few megabytes when its rows are large', async () => {
    appendLarge(10_000, 10_000);
    platform.clock.advance(200 * DAY_MS);
    expect(await platform.app.get(AuditSegments).moveOld()).toBeGreaterThan(10);
    // The last ones fill no segment yet.
    expect(countAudit(platform)).toBeLessThan(1_000);
    await append(1);
    expect(await verify()).toMatchObject({ ok: true, rows: 10_013, lastSeq: 10_013 });
  });

  describe('whose old segments were moved to the object store', () => {
    const segments = () => rows<{ object_key: string }>(platform, 'SELECT * FROM audit_segments ORDER BY first_seq');
    const objectFile = (index: number) =>
      join(platform.settings.dataDir, 'objects', segments()[index]?.object_key ?? '');
    beforeEach(async () => {
      platform.clock.advance(200 * DAY_MS);
      await append(3);
      expect(await platform.app.get(AuditSegments).moveOld(180, 5)).toBe(2);
    });

    it('verifies as before, and goes on', async () => {
      expect(countAudit(platform)).toBe(5);
      expect(await verify()).toMatchObject({ ok: true, rows: 15, archivedRows: 10, lastSeq: 15 });
      await append(2);
      expect(await verify()).toMatchObject({ ok: true, rows: 17, lastSeq: 17 });
      await tamper(() => undefined);
      expect(await verify()).toMatchObject({ ok: true, rows: 17 });
    });

    it('keeps rows that are young, and whole segments only', async () => {
      expect(await platform.app.get(AuditSegments).moveOld(180, 5)).toBe(0);
      expect(await platform.app.get(AuditSegments).moveOld(180, 2)).toBe(1);
      expect(rows(platform, 'SELECT MIN(seq) AS first FROM audit_logs')).toEqual([{ first: 13 }]);
      expect((await verify()).ok).toBe(true);
    });

    it('takes rows out of the table that a move left behind, and verifies with them too', async () => {
      const left = join(platform.settings.dataDir, 'left.db');
      await append(3);
      sql(platform, `VACUUM INTO '${left}'`);
      platform.clock.advance(200 * DAY_MS);
      await append(1);
      expect(await platform.app.get(AuditSegments).moveOld(180, 4)).toBe(2);
      const moved = segments().slice(2);
      expect(moved).toHaveLength(2);
      await tamper((file) => {
        file.exec(`ATTACH '${left}' AS old; INSERT INTO audit_logs SELECT * FROM old.audit_logs WHERE seq > 12`);
      });
      const count = () => scalar(platform, 'SELECT COUNT(*) FROM audit_logs WHERE seq <= 18');
      expect(count()).toBe(6);
      expect(await verify()).toMatchObject({ ok: true, rows: 19, archivedRows: 18 });
      await append(1);
      expect(await platform.app.get(AuditSegments).moveOld(180, 4)).toBe(0);
      expect(count()).toBe(0);
      expect(await verify()).toMatchObject({ ok: true, rows: 20, lastSeq: 20 });
    });

    it('goes on after its last row was moved, and misses it when the segment is forgotten', async () => {
      platform.clock.advance(200 * DAY_MS);
      expect(await platform.app.get(AuditSegments).moveOld(180, 5)).toBe(1);
      expect(countAudit(platform)).toBe(0);
      await tamper(() => undefined);
      await append(1);
      expect(await verify()).toMatchObject({ ok: true, rows: 16, lastSeq: 16 });
      await tamper((file) => file.exec('DELETE FROM audit_segments WHERE first_seq = 11'));
      expect((await verify()).ok).toBe(false);
    });

    it('shows a segment whose object was changed, and one whose object is gone', async () => {
      const original = readFileSync(objectFile(0));
      rmSync(objectFile(0));
      expect((await verify()).problem).toMatch(/Segment 1–5 cannot be read/);
      writeFileSync(objectFile(0), readFileSync(objectFile(1)));
      expect((await verify()).problem).toMatch(/Segment 1–5 was changed/);
      rmSync(objectFile(0));
      writeFileSync(objectFile(0), original);
      expect((await verify()).ok).toBe(true);
    });

    it('cannot be forgotten, rewritten or doubled in the file', () => {
      for (const attack of [
        'DELETE FROM audit_segments',
        `UPDATE audit_segments SET object_sha256 = '${'a'.repeat(64)}'`,
        `INSERT OR REPLACE INTO audit_segments SELECT * FROM audit_segments LIMIT 1`,
        'DELETE FROM audit_logs WHERE seq = 11',
      ])
        expect(() => sql(platform, attack)).toThrow(/audit-/);
    });

    it('leaves rows where they are when the object store does not keep them', async () => {
      platform.clock.advance(200 * DAY_MS);
      const folder = join(platform.settings.dataDir, 'objects', 'audit');
      expect(existsSync(folder)).toBe(true);
      rmSync(folder, { recursive: true });
      writeFileSync(folder, 'not a folder');
      await expect(platform.app.get(AuditSegments).moveOld(180, 5)).rejects.toThrow();
      expect(countAudit(platform)).toBe(5);
    });
  });
});

function swap(one: number, other: number): string {
  return `UPDATE audit_logs SET seq = 1000 WHERE seq = ${one}; UPDATE audit_logs SET seq = ${one} WHERE seq = ${other};
    UPDATE audit_logs SET seq = ${other} WHERE seq = 1000`;
}
