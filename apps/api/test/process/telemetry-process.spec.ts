import { createHash, randomUUID } from 'node:crypto';
import { HttpClient, signInOverHttp } from '../support/http-client.js';
import { DataDirectory, type ServerProcess } from '../support/server-process.js';

const ADMIN = { ADMIN_EMAIL: 'admin@example.com', ADMIN_PASSWORD: 'a password for tests' };
const APP = 'com.example.cli';

describe('mosis telemetry', () => {
  const data = new DataDirectory();
  afterAll(() => data.remove());
  let server: ServerProcess;
  let key: string;
  let sent = 0;

  beforeAll(async () => {
    server = await data.serve(ADMIN);
    const client = await signInOverHttp(server.url, ADMIN.ADMIN_EMAIL, ADMIN.ADMIN_PASSWORD);
    await client.post('/v1/apps', { package_id: APP, name: 'Command line' });
    key = ((await (await client.post(`/v1/apps/${APP}/ingest-keys`, { name: 'x' })).json()) as { key: string }).key;
    await send(3);
  });

  async function send(events: number, batchId: string = randomUUID()): Promise<Record<string, unknown>> {
    const answer = await new HttpClient(server.url).post(
      '/v1/telemetry/batches',
      {
        batch_id: batchId,
        app_id: APP,
        app_version: '1.0.0',
        mosis_version: '1.0.0',
        device_id: 'device',
        session_id: randomUUID(),
        events: Array.from({ length: events }, (_, index) => ({
          type: 'app_start',
          // The first one is a day late, so that there is a day to export.
          timestamp: new Date(Date.now() - (index === 0 ? 86_400_000 : 0)).toISOString(),
        })),
      },
      { 'x-ingest-key': key },
    );
    expect(answer.status).toBe(200);
    sent += events;
    return (await answer.json()) as Record<string, unknown>;
  }

  const count = async () => {
    const answer = await data.mosis(['telemetry', 'audit', '--json']);
    expect(answer).toMatchObject({ code: 0, stderr: '' });
    return JSON.parse(answer.stdout) as { differences: number; days: { cells: number }[] };
  };

  it.each([['audit'], ['export'], ['purge'], ['query'], ['status']])('explains itself: %s', async (command) => {
    const result = await data.mosis(['telemetry', command, '--help']);
    expect([result.code, result.stdout.includes('Usage:')]).toEqual([0, true]);
  });

  it('says how the running server is', async () => {
    const text = await data.mosis(['telemetry', 'status']);
    expect(text).toMatchObject({ code: 0 });
    expect(text.stdout).toMatch(/uploads +1 with 3 events/);
    expect(text.stdout).toContain('telemetry.retention');
    const json = JSON.parse((await data.mosis(['telemetry', 'status', '--json'])).stdout) as Record<string, unknown>;
    expect(json).toMatchObject({ writer: { events: 3 }, raw_rows: 3, partitions: 1, problems: [] });
  });

  it('counts anew, exports, and asks in SQL, through the server', async () => {
    expect(await count()).toMatchObject({ differences: 0 });
    const aggregates = ['telemetry', 'query', `SELECT sum(count)::INT AS n FROM aggregates WHERE dimension IS NULL`];
    expect((await data.mosis(aggregates)).stdout).toBe('n\n-\n\n');
    const exported = await data.mosis(['telemetry', 'export']);
    expect(exported).toMatchObject({ code: 0 });
    expect(exported.stdout).toContain('0 day(s) archived, 1 file(s) exported.');
    // An event, a session and a device.
    expect((await data.mosis(aggregates)).stdout).toBe('n\n-\n3\n');
    const table = await data.mosis(['telemetry', 'query', 'SELECT 1 AS one, NULL AS nothing']);
    expect(table.stdout).toBe('one  nothing\n---  -------\n1\n');
    const json = await data.mosis(['telemetry', 'query', 'SELECT 1 AS one', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ columns: ['one'], rows: [[1]], truncated: false });
  });

  it('fails for what cannot be asked, and says why', async () => {
    const broken = await data.mosis(['telemetry', 'query', 'SELEKT 1']);
    expect(broken.code).toBe(1);
    expect(broken.stderr).not.toContain('    at ');
    expect(broken.stderr.length).toBeGreaterThan(10);
    for (const args of [['audit', '--from', 'yesterday'], ['purge', '--before', '2026-02-30'], ['purge']])
      expect((await data.mosis(['telemetry', ...args])).code).toBe(1);
  });

  it('purges nothing without --yes, and says what it would', async () => {
    const dry = await data.mosis(['telemetry', 'purge', '--before', '2020-01-01']);
    expect(dry).toMatchObject({ code: 0 });
    expect(dry.stdout).toContain('0 object(s) would be removed');
    const real = await data.mosis(['telemetry', 'purge', '--before', '2020-01-01', '--yes']);
    expect(real.stdout).toContain('0 object(s) removed.');
  });

  it('loses nothing that was answered when the server is killed, and counts nothing twice', async () => {
    const batchId = randomUUID();
    await send(5, batchId);
    await server.kill('SIGKILL');
    server = await data.serve(ADMIN);
    expect(await count()).toMatchObject({ differences: 0 });
    const status = JSON.parse((await data.mosis(['telemetry', 'status', '--json'])).stdout) as { raw_rows: number };
    expect(status.raw_rows).toBe(sent);
  });

  it('works as the owner of the data when no server runs', async () => {
    expect(await server.kill('SIGTERM')).toBe(0);
    expect(await count()).toMatchObject({ differences: 0 });
    const status = JSON.parse((await data.mosis(['telemetry', 'status', '--json'])).stdout) as { raw_rows: number };
    expect(status.raw_rows).toBe(sent);
    const digest = createHash('sha256').update(String(sent)).digest('hex');
    const answer = await data.mosis(['telemetry', 'query', `SELECT sha256('${sent}') AS digest`]);
    expect(answer.stdout).toContain(digest);
  });
});
