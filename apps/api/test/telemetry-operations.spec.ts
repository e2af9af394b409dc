import { createAdmin, createPublisher, expectStatus, type Person, type Publisher } from './support/actors.js';
import { TestPlatform } from './support/platform.js';
import { createSender, type Sender } from './support/telemetry.js';

const HOUR_MS = 3_600_000;

describe('telemetry, for operators', () => {
  let platform: TestPlatform;
  let admin: Person;
  let owner: Publisher;
  let sender: Sender;
  beforeAll(async () => {
    platform = await TestPlatform.start();
    admin = await createAdmin(platform);
    owner = await createPublisher(platform);
    sender = await createSender(platform, owner);
    await sender.send([{ type: 'app_start' }, { type: 'screen_view' }]);
    await platform.telemetry.settled();
  });
  afterAll(() => platform.stop());

  const system = async () => (await admin.client.get('/v1/admin/system')).body;

  it('stands in the system report', async () => {
    const { telemetry } = await system();
    expect(telemetry).toMatchObject({
      writer: { uploads: 1, events: 2, refused: {}, waiting_uploads: 0, waiting_bytes: 0, restarts: 0 },
      clock_jump_ms: 0,
    });
    expect(telemetry.database_bytes).toBeGreaterThan(0);
    expect(telemetry.free_bytes).toBeGreaterThan(0);
  });

  it('has figures for Prometheus that are those of the report', async () => {
    await sender.send([{ type: 'app_stop' }]);
    const { body } = await platform.client().get('/metrics');
    const figure = (name: string) =>
      Number(new RegExp(`^mosis_telemetry_${name} (\\S+)$`, 'm').exec(String(body))?.[1]);
    const { telemetry } = await system();
    expect(figure('uploads_total')).toBe(telemetry.writer.uploads);
    expect(figure('events_total')).toBe(3);
    expect(figure('waiting_bytes')).toBe(0);
    expect(figure('database_bytes')).toBe(telemetry.database_bytes);
    // Read twice, a counter is not counted twice.
    const again = String((await platform.client().get('/metrics')).body);
    expect(/^mosis_telemetry_events_total (\S+)$/m.exec(again)?.[1]).toBe('3');
  });

  it('keeps itself in order, and shows when it did and will', async () => {
    const upkeep = async () =>
      (
        (await system()).repeating_jobs as {
          kind: string;
          state: string;
          last_run_at: string;
          next_run_at: string;
          result: unknown;
          error: unknown;
        }[]
      ).filter(({ kind }) => kind.startsWith('telemetry.'));
    const kinds = (await upkeep()).map(({ kind }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(['telemetry.audit', 'telemetry.erasures', 'telemetry.retention']));
    platform.clock.advance(25 * HOUR_MS);
    await platform.idle();
    for (const { kind, state, last_run_at, next_run_at, error, result } of await upkeep()) {
      expect([kind, state, error]).toEqual([kind, 'done', null]);
      expect(result).not.toBeNull();
      expect(Date.parse(next_run_at)).toBeGreaterThan(Date.parse(last_run_at));
    }
    const audit = (await upkeep()).find(({ kind }) => kind === 'telemetry.audit');
    expect(audit?.result).toMatchObject({ differences: 0 });
    expectStatus(await sender.post(sender.batch([{ type: 'x' }])), 200);
    const { body } = await platform.client().get('/readyz');
    // How full the disk of this machine is, is not the matter here.
    expect(body.problems.filter(({ code }: { code: string }) => code !== 'disk-low')).toEqual([]);
  });
});
