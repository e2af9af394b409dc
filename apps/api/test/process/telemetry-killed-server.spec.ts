import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { DataDirectory, type ServerProcess } from '../support/server-process.js';
import { HttpClient, signInOverHttp } from '../support/http-client.js';

/** `TELEMETRY_LONG=1 npm test -- telemetry-killed-server` kills a hundred times. */
const ROUNDS = process.env.TELEMETRY_LONG ? 100 : 5;
/** A round is a start, some hundred uploads and a kill: seconds, and on a busy machine more. */
const ROUND_MS = 60_000;
const SENDERS = 4;
const ADMIN = { ADMIN_EMAIL: 'owner@example.com', ADMIN_PASSWORD: 'a password for tests', LOG_LEVEL: 'warn' };
const APP = 'com.killed.telemetry';

interface Batch {
  id: string;
  body: string;
  events: number;
  /** What was answered first; undefined while nobody knows. */
  accepted?: number;
}

/** Processes whose parent is this one, and theirs. */
function findDescendants(pid: number): number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => {
      try {
        const stat = readFileSync(`/proc/${candidate}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid;
      } catch {
        return false;
      }
    });
  return children.flatMap((child) => [child, ...findDescendants(child)]);
}

function makeBatch(sender: number, number: number): Batch {
  const id = randomUUID();
  const events = 1 + ((sender + number) % 40);
  const now = Date.now();
  return {
    id,
    events,
    body: JSON.stringify({
      batch_id: id,
      app_id: APP,
      app_version: `1.${number % 3}.0`,
      mosis_version: '1.0.0',
      device_id: `device ${(sender * 7 + number) % 50}`,
      session_id: `00000000-0000-4000-8000-${String((sender * 7 + number) % 200).padStart(12, '0')}`,
      events: Array.from({ length: events }, (_, index) => ({
        type: ['screen_view', 'app_crash', 'level_up'][index % 3],
        // Some are days late, so that several bucket days are open.
        timestamp: new Date(now - (index % 5) * 86_400_000).toISOString(),
        ...(index % 3 === 1 ? { data: { crash_type: 'E', message: `m${number % 4}`, stack: 'a\nb' } } : {}),
      })),
    }),
  };
}

describe('telemetry of a server that is killed with SIGKILL while it works', () => {
  const data = new DataDirectory();
  afterAll(() => data.remove());

  let server: ServerProcess;
  let owner: HttpClient;
  let key = '';
  const batches: Batch[] = [];
  let doubts = 0;
  let repeats = 0;

  async function start(): Promise<void> {
    server = await data.serve(ADMIN);
    owner = await signInOverHttp(server.url, ADMIN.ADMIN_EMAIL, ADMIN.ADMIN_PASSWORD);
  }

  async function send(batch: Batch): Promise<void> {
    let answer: Response;
    // A device that is told to come later sends the same batch again.
    do {
      answer = await fetch(new URL('/v1/telemetry/batches', server.url), {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-ingest-key': key },
        body: batch.body,
      });
    } while ([429, 503].includes(answer.status) && (await answer.arrayBuffer()));
    const body = (await answer.json()) as { accepted: number; duplicate: boolean };
    if (answer.status !== 200) throw new Error(`refused with ${answer.status}`);
    if (body.duplicate) repeats += 1;
    // Whatever was answered once is answered again.
    if (batch.accepted !== undefined) expect(body).toMatchObject({ accepted: batch.accepted, duplicate: true });
    batch.accepted = body.accepted;
  }

  /** Sends new batches, and old ones again, until the server is gone. */
  async function work(sender: number): Promise<void> {
    for (let number = 0; ; number += 1) {
      const batch = makeBatch(sender, number);
      batches.push(batch);
      await send(batch);
      if (number % 5 === 0) await send(batches[(number * 13) % batches.length] as Batch);
    }
  }

  /** Keeps the analytics process, exports and erasures busy. */
  async function disturb(round: number): Promise<void> {
    for (;;) {
      await owner.post(`/v1/apps/${APP}/telemetry/query`, { metric: 'devices', group_by: ['type'] });
      await owner.post(`/v1/apps/${APP}/telemetry/erasures`, { device_id: `device nobody has ${round}` });
    }
  }

  it(
    `loses no acknowledged event and counts none twice in ${ROUNDS} kills`,
    async () => {
      await start();
      await owner.post('/v1/apps', { package_id: APP, name: 'Killed' });
      key = ((await (await owner.post(`/v1/apps/${APP}/ingest-keys`, { name: 'x' })).json()) as { key: string }).key;
      for (let round = 0; round < ROUNDS; round += 1) {
        const goal = batches.filter(({ accepted }) => accepted !== undefined).length + 20 + ((round * 37) % 60);
        const workers = Array.from({ length: SENDERS }, (_, sender) => work(sender).catch(() => undefined));
        const disturbance = disturb(round).catch(() => undefined);
        while (batches.filter(({ accepted }) => accepted !== undefined).length < goal) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        // Alone, its children outlive it for a moment; with everything, nothing can tidy up.
        if (round % 2 === 1)
          for (const pid of findDescendants(server.child.pid as number)) process.kill(pid, 'SIGKILL');
        await server.kill('SIGKILL');
        await Promise.all([...workers, disturbance]);
        const startedMs = performance.now();
        await start();
        slowestStartMs = Math.max(slowestStartMs, performance.now() - startedMs);
        const doubtful = batches.filter(({ accepted }) => accepted === undefined);
        doubts += doubtful.length;
        for (const batch of doubtful) await send(batch);
      }
      const audit = await data.mosis(['telemetry', 'audit', '--json']);
      expect(JSON.parse(audit.stdout)).toMatchObject({ differences: 0 });
      expect(await server.kill('SIGTERM')).toBe(0);

      const db = new Database(join(data.path, 'telemetry.db'), { readonly: true });
      const tables = db.prepare(`SELECT name FROM sqlite_schema WHERE name GLOB 'events_*'`).pluck().all() as string[];
      const stored = tables.reduce(
        (sum, table) => sum + (db.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number),
        0,
      );
      const counted = db.prepare('SELECT sum(n) FROM day_counts WHERE dimension = 0 AND measure > 0').pluck().get();
      db.close();
      const acknowledged = batches.reduce((sum, { accepted }) => sum + (accepted ?? 0), 0);
      const tally = { kills: ROUNDS, batches: batches.length, doubts, repeats, acknowledged, stored, counted };
      process.stdout.write(`${JSON.stringify({ ...tally, slowestStartMs: Math.round(slowestStartMs) })}\n`);
      expect({ stored, counted }).toEqual({ stored: acknowledged, counted: acknowledged });
      expect(batches.every(({ accepted, events }) => accepted === events)).toBe(true);
    },
    ROUND_MS * ROUNDS,
  );

  let slowestStartMs = 0;
});
