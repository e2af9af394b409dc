import { once } from 'node:events';
import { join } from 'node:path';
import { sql } from 'kysely';
import { startNode, waitForExit } from '../../test/support/child.js';
import { temporaryDirectory } from '../../test/support/temporary.js';
import { SqliteDatabase } from '../database.js';
import { openWriter } from '../open.js';
import { ScanProcess, ScanUnavailableError, type ScanOptions } from './scan-process.js';

/** Counts to 10^12, which takes hours. */
const RUNAWAY =
  'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000000) SELECT COUNT(*) FROM n';

describe('the scan process', () => {
  const file = join(temporaryDirectory(), 'scan.db');
  const writer = openWriter(file);
  writer.exec(`CREATE TABLE t (a INTEGER, b TEXT) STRICT; INSERT INTO t VALUES (1, 'one'), (2, 'two')`);
  afterAll(() => writer.close());

  let scanner: ScanProcess;
  const start = (options: Partial<ScanOptions> = {}) =>
    (scanner = new ScanProcess({ file, deadlineMs: 20_000, ...options }));
  afterEach(() => scanner.close());

  const refusal = async (query: Promise<unknown>): Promise<string> => {
    const error = await query.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ScanUnavailableError);
    return (error as ScanUnavailableError).reason;
  };

  it('answers with the rows of a query and its parameters', async () => {
    start();
    expect(await scanner.query('SELECT a, b FROM t WHERE a > ? ORDER BY a', [1])).toEqual([{ a: 2, b: 'two' }]);
    expect(await scanner.query('SELECT ? AS bytes', [Buffer.from('x')])).toEqual([{ bytes: expect.any(Uint8Array) }]);
  });

  it('sees what was committed after it had started', async () => {
    start();
    expect(await scanner.query('SELECT COUNT(*) AS n FROM t', [])).toEqual([{ n: 2 }]);
    writer.exec(`INSERT INTO t VALUES (3, 'three')`);
    expect(await scanner.query('SELECT COUNT(*) AS n FROM t', [])).toEqual([{ n: 3 }]);
    writer.exec('DELETE FROM t WHERE a = 3');
  });

  it('answers the errors of SQL as errors and goes on', async () => {
    start();
    await expect(scanner.query('SELECT * FROM missing', [])).rejects.toThrow('no such table: missing');
    await expect(scanner.query('DELETE FROM t RETURNING a', [])).rejects.toMatchObject({ code: 'SQLITE_READONLY' });
    const { pid } = scanner;
    expect(await scanner.query('SELECT COUNT(*) AS n FROM t', [])).toEqual([{ n: 2 }]);
    expect(scanner.pid).toBe(pid);
  });

  it('refuses a parameter that cannot cross to another process and goes on', async () => {
    start();
    const results = await Promise.allSettled([
      scanner.query('SELECT 1 AS one', []),
      scanner.query('SELECT ?', [() => 1]),
      scanner.query('SELECT 2 AS two', []),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('is killed when a query runs past its deadline, and the next ones run on a new process', async () => {
    start({ deadlineMs: 2_500 });
    const runaway = scanner.query(RUNAWAY, []);
    const { pid } = scanner;
    const waiting = [scanner.query('SELECT 1 AS one', []), scanner.query('SELECT 2 AS two', [])];
    expect(await refusal(runaway)).toBe('deadline');
    expect(await Promise.all(waiting)).toEqual([[{ one: 1 }], [{ two: 2 }]]);
    expect(scanner.pid).not.toBe(pid);
    await scanner.close();
    expect(() => process.kill(pid ?? 0, 0)).toThrow('ESRCH');
  });

  it('that takes its time to start, as on a busy machine, costs the first query nothing of its own', async () => {
    start({ deadlineMs: 1_500 });
    const first = scanner.query('SELECT 1 AS one', []);
    process.kill(scanner.pid ?? 0, 'SIGSTOP');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_600);
    process.kill(scanner.pid ?? 0, 'SIGCONT');
    expect(await first).toEqual([{ one: 1 }]);
  });

  it('is killed when it never gets ready', async () => {
    start({ startMs: 1 });
    const late = refusal(scanner.query('SELECT 1', []));
    const { pid } = scanner;
    expect(pid).toBeDefined();
    expect(await late).toBe('deadline');
    await scanner.close();
    expect(() => process.kill(pid ?? 0, 0)).toThrow('ESRCH');
  });

  it('is not believed any more once its query is given up, although its answer is on the way', async () => {
    start({ deadlineMs: 2_500 });
    await scanner.query('SELECT 1', []);
    const late = refusal(scanner.query('SELECT 1 AS late', []));
    const next = scanner.query('SELECT 2 AS next', []);
    // The event loop stands still: the answer arrives, and the deadline passes before anybody can read it.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_000);
    expect(await late).toBe('deadline');
    expect(await next).toEqual([{ next: 2 }]);
  });

  it('that was killed from outside loses one query and no more, and says that it was no deadline', async () => {
    start();
    const lost = scanner.query(RUNAWAY, []);
    const waiting = scanner.query('SELECT 1 AS one', []);
    process.kill(scanner.pid ?? 0, 'SIGKILL');
    expect(await refusal(lost)).toBe('crashed');
    expect(await waiting).toEqual([{ one: 1 }]);
  });

  it('answers that it cannot open its file', async () => {
    start({ file: join(temporaryDirectory(), 'missing.db') });
    await expect(scanner.query('SELECT 1', [])).rejects.toMatchObject({ code: 'SQLITE_CANTOPEN' });
  });

  it('refuses a query when as many wait as may', async () => {
    start({ maxWaiting: 2 });
    const taken = [1, 2, 3].map((n) => scanner.query('SELECT ? AS n', [n]));
    expect(await refusal(scanner.query('SELECT 4', []))).toBe('overloaded');
    expect(await Promise.all(taken)).toEqual([[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]]);
    expect(await scanner.query('SELECT 5 AS n', [])).toEqual([{ n: 5 }]);
  });

  it('rejects what runs, waits and comes once it is closed, and its process is gone', async () => {
    start();
    await scanner.query('SELECT 1', []);
    const { pid } = scanner;
    const queries = [scanner.query(RUNAWAY, []), scanner.query('SELECT 1', [])].map(refusal);
    await scanner.close();
    expect(await Promise.all(queries)).toEqual(['closed', 'closed']);
    expect(await refusal(scanner.query('SELECT 1', []))).toBe('closed');
    expect(() => process.kill(pid ?? 0, 0)).toThrow('ESRCH');
  });

  it('ends when nothing was asked for a while, and the next query runs on a new one', async () => {
    start({ idleMs: 1 });
    await scanner.query('SELECT 1', []);
    const { pid } = scanner;
    // Polled in the event loop, because a process that ended is no child of this test to wait for.
    while (scanner.pid !== undefined) await new Promise(setImmediate);
    expect(await scanner.query('SELECT 2 AS two', [])).toEqual([{ two: 2 }]);
    expect(scanner.pid).not.toBe(pid);
    await scanner.close();
    expect(() => process.kill(pid ?? 0, 0)).toThrow('ESRCH');
  });

  it('takes a query in the very moment in which it is ended for idleness', async () => {
    const idleMs = 5;
    start({ idleMs });
    for (let round = 0; round < 10; round += 1) {
      await scanner.query('SELECT 1', []);
      // Set right after the scanner's own timer, for the same time, so it fires right after it.
      await new Promise((resolve) => setTimeout(resolve, idleMs));
      expect(await scanner.query('SELECT 2 AS two', [])).toEqual([{ two: 2 }]);
    }
  });

  it('runs the queries of Kysely', async () => {
    start();
    const database = new SqliteDatabase<{ t: { a: number; b: string } }>({ file });
    expect(await database.scan.selectFrom('t').select('b').where('a', '=', 1).execute()).toEqual([{ b: 'one' }]);
    await expect(sql`DELETE FROM t RETURNING a`.execute(database.scan)).rejects.toThrow(/readonly/);
    await expect(database.scan.transaction().execute(async () => 1)).rejects.toThrow('outside transactions');
    await database.close();
  });

  it.each(['with', 'without'])('does not keep its parent alive, %s a close at the end', async (close) => {
    start();
    const parent = startNode(
      `const scanner = new lib.ScanProcess({ file: args[0] });
       console.log(JSON.stringify(await scanner.query('SELECT COUNT(*) AS n FROM t', [])), scanner.pid);
       if (args[1] === 'with') await scanner.close();`,
      file,
      close,
    );
    const { code, output } = await waitForExit(parent);
    expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(/^\[\{"n":2\}\] \d+\n$/) });
  });

  it('ends with its parent, however that ends', async () => {
    start();
    const parent = startNode(
      `const scanner = new lib.ScanProcess({ file: args[0] });
       await scanner.query('SELECT 1', []);
       console.log(scanner.pid);
       process.stdin.resume();`,
      file,
    );
    const [pid] = (await once(parent.stdout!, 'data')) as [Buffer];
    parent.kill('SIGKILL');
    await waitForExit(parent);
    const isAlive = () => {
      try {
        return process.kill(Number(pid), 0);
      } catch {
        return false;
      }
    };
    while (isAlive()) await new Promise(setImmediate);
    expect(isAlive()).toBe(false);
  });
});
