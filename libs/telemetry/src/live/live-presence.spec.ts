import fc from 'fast-check';
import { LivePresence, type LiveCounts, type LiveSighting } from './live-presence.js';

const WINDOW_MS = 100;
const ROOM = 5;

interface Seen extends LiveSighting {
  atMs: number;
}

/** The same, said plainly: a list of sightings in order, counted anew at every question. */
class Model {
  nowMs = 0;
  seen: Seen[] = [];
  /** What was forgotten for want of room and would still count. */
  evicted: Seen[] = [];

  private running(): Seen[] {
    return this.seen.filter((one) => this.nowMs - one.atMs < WINDOW_MS);
  }

  see(sighting: LiveSighting): void {
    const others = this.running().filter(
      (one) => one.appId !== sighting.appId || one.sessionKey !== sighting.sessionKey,
    );
    const isNew = others.length === this.running().length;
    if (isNew && others.length === ROOM) this.evicted.push(...others.splice(0, 1));
    this.seen = [...others, { ...sighting, atMs: this.nowMs }];
  }

  forget(of: (one: Seen) => boolean): void {
    this.seen = this.seen.filter((one) => !of(one));
  }

  count(appId: string, maxShown: number): Omit<LiveCounts, 'truncated'> {
    const sessions = this.running().filter((one) => one.appId === appId);
    const versionOfDevice = new Map(sessions.map((one) => [one.deviceKey, one.appVersion]));
    const all = [...new Set(sessions.map((one) => one.appVersion))]
      .map((version) => ({
        app_version: version,
        devices: [...versionOfDevice.values()].filter((one) => one === version).length,
        sessions: sessions.filter((one) => one.appVersion === version).length,
      }))
      .sort((a, b) => b.sessions - a.sessions || b.devices - a.devices || (a.app_version < b.app_version ? -1 : 1));
    const rest = all.slice(maxShown);
    const sum = (pick: (one: (typeof all)[number]) => number) => rest.reduce((total, one) => total + pick(one), 0);
    const other = { app_version: '(other)', devices: sum((one) => one.devices), sessions: sum((one) => one.sessions) };
    return {
      devices: versionOfDevice.size,
      sessions: sessions.length,
      by_version: [...all.slice(0, maxShown), ...(rest.length > 0 ? [other] : [])],
    };
  }
}

interface Real {
  live: LivePresence;
  clock: { nowMs: number };
}

const APPS = ['a', 'b'];
const MAX_SHOWN = 2;

class Step implements fc.Command<Model, Real> {
  constructor(
    private readonly name: string,
    private readonly apply: (model: Model, real: Real) => void,
  ) {}
  check = () => true;
  toString = () => this.name;
  run(model: Model, real: Real): void {
    this.apply(model, real);
    for (const app of APPS) {
      const { truncated, ...counts } = real.live.read(app);
      expect(counts).toEqual(model.count(app, MAX_SHOWN));
      const missing = model.evicted.filter((one) => model.nowMs - one.atMs < WINDOW_MS);
      if (missing.some((one) => one.appId === app)) expect(truncated).toBe(true);
      if (missing.length === 0) expect(truncated).toBe(false);
    }
    expect(real.live.size).toBe(APPS.reduce((total, app) => total + real.live.read(app).sessions, 0));
  }
}

/** As {@link Step}, without asking after it: what has expired is still there when the next step comes. */
class QuietStep extends Step {
  constructor(
    name: string,
    private readonly quietly: (model: Model, real: Real) => void,
  ) {
    super(name, quietly);
  }
  override run(model: Model, real: Real): void {
    this.quietly(model, real);
    expect(real.live.size).toBeLessThanOrEqual(ROOM);
  }
}

const app = fc.constantFrom(...APPS);
const device = fc.constantFrom('d1', 'd2');
const session = fc.constantFrom('s1', 's2', 's3');
const sighting = fc.record({
  appId: app,
  deviceKey: device,
  sessionKey: session,
  appVersion: fc.constantFrom('1', '2', '3'),
});

const steps = [
  sighting.chain((one) =>
    fc.constantFrom(Step, QuietStep).map(
      (Kind) =>
        new Kind(`seen ${Object.values(one).join(' ')}`, (model, { live }) => {
          model.see(one);
          live.seen(one);
        }),
    ),
  ),
  fc.tuple(app, session, fc.constantFrom(Step, QuietStep)).map(
    ([appId, sessionKey, Kind]) =>
      new Kind(`ended ${appId} ${sessionKey}`, (model, { live }) => {
        model.forget((one) => one.appId === appId && one.sessionKey === sessionKey);
        live.ended(appId, sessionKey);
      }),
  ),
  fc.tuple(app, device).map(
    ([appId, deviceKey]) =>
      new Step(`forget ${appId} ${deviceKey}`, (model, { live }) => {
        model.forget((one) => one.appId === appId && one.deviceKey === deviceKey);
        live.forgetDevice(appId, deviceKey);
      }),
  ),
  app.map(
    (appId) =>
      new Step(`forget ${appId}`, (model, { live }) => {
        model.forget((one) => one.appId === appId);
        model.evicted = model.evicted.filter((one) => one.appId !== appId);
        live.forgetApp(appId);
        // Others may still miss sessions, which an app without any is not told apart from.
      }),
  ),
  fc.tuple(fc.nat({ max: WINDOW_MS }), fc.constantFrom(Step, QuietStep)).map(
    ([ms, Kind]) =>
      new Kind(`${ms} ms pass`, (model, { clock }) => {
        model.nowMs += ms;
        clock.nowMs += ms;
      }),
  ),
];

describe('Live presence', () => {
  const build = (options: Partial<ConstructorParameters<typeof LivePresence>[0]> = {}) => {
    const clock = { nowMs: 0 };
    const live = new LivePresence({ windowMs: WINDOW_MS, ...options, now: () => clock.nowMs });
    return { clock, live };
  };
  const see = (live: LivePresence, deviceKey: string, sessionKey: string, appVersion = '1', appId = 'a') =>
    live.seen({ appId, deviceKey, sessionKey, appVersion });

  it('counts what a recount of all sightings counts, whatever happens', () => {
    fc.assert(
      fc.property(fc.commands(steps, { maxCommands: 60, size: 'max' }), (commands) => {
        fc.modelRun(() => {
          const real = build({ maxSessions: ROOM, maxVersionsShown: MAX_SHOWN });
          return { model: new Model(), real };
        }, commands);
      }),
      { numRuns: 60 },
    );
  });

  it('counts a device with two sessions once, in the version it was seen with last', () => {
    const { live } = build();
    see(live, 'd', 's1', '1.0');
    see(live, 'd', 's2', '1.1');
    expect(live.read('a')).toEqual({
      devices: 1,
      sessions: 2,
      by_version: [
        { app_version: '1.1', devices: 1, sessions: 1 },
        { app_version: '1.0', devices: 0, sessions: 1 },
      ],
      truncated: false,
    });
    see(live, 'd', 's1', '1.0');
    expect(live.read('a').by_version[0]).toEqual({ app_version: '1.0', devices: 1, sessions: 1 });
    live.ended('a', 's2');
    expect(live.read('a').by_version).toEqual([{ app_version: '1.0', devices: 1, sessions: 1 }]);
  });

  it('counts a session up to the end of the window and not beyond', () => {
    const { clock, live } = build();
    see(live, 'd', 's');
    clock.nowMs = WINDOW_MS - 1;
    expect(live.read('a').sessions).toBe(1);
    clock.nowMs = WINDOW_MS;
    expect(live.read('a')).toEqual({ devices: 0, sessions: 0, by_version: [], truncated: false });
    expect(live.size).toBe(0);
  });

  it('forgets the sessions seen longest ago when it is full, and says so for as long as they would have counted', () => {
    const { clock, live } = build({ maxSessions: 10 });
    for (let index = 0; index < 30; index += 1) {
      clock.nowMs = index;
      see(live, `d${index}`, `s${index}`);
    }
    expect(live.size).toBe(10);
    expect(live.read('a')).toMatchObject({ devices: 10, sessions: 10, truncated: true });
    clock.nowMs = 19 + WINDOW_MS - 1;
    expect(live.read('a')).toMatchObject({ sessions: 10, truncated: true });
    clock.nowMs = 19 + WINDOW_MS;
    expect(live.read('a')).toMatchObject({ sessions: 10, truncated: false });
  });

  it('says that counts are short for an app whose last session had to make room, too', () => {
    const { live } = build({ maxSessions: 1 });
    see(live, 'd', 's', '1', 'a');
    see(live, 'd', 's', '1', 'b');
    expect(live.read('a')).toMatchObject({ sessions: 0, truncated: true });
    see(live, 'd', 's2', '1', 'a');
    expect(live.read('a')).toMatchObject({ sessions: 1, truncated: true });
  });

  it('tells long keys apart and keeps equal ones together', () => {
    const { live } = build();
    const long = 'x'.repeat(1_000_000);
    see(live, long, `${long}1`, '1', long);
    see(live, long, `${long}1`, '1', long);
    see(live, long, `${long}2`, '1', long);
    see(live, `${long}\ud800`, `${long}\ud800`, '1', long);
    see(live, `${long}\ud801`, `${long}\ud801`, '1', long);
    expect(live.read(long)).toMatchObject({ devices: 3, sessions: 4 });
    live.forgetDevice(long, long);
    live.ended(long, `${long}\ud800`);
    expect(live.read(long)).toMatchObject({ devices: 1, sessions: 1 });
  });

  it('shows a long version cut, and the version named as the rest is as part of the rest', () => {
    const { live } = build();
    see(live, 'd1', 's1', 'v'.repeat(100_000));
    see(live, 'd2', 's2', '(other)');
    see(live, 'd2', 's2', '(other)');
    expect(live.read('a').by_version).toEqual([
      { app_version: `${'v'.repeat(63)}…`, devices: 1, sessions: 1 },
      { app_version: '(other)', devices: 1, sessions: 1 },
    ]);
  });

  it('keeps versions bounded and their counts whole when every session has a version of its own', () => {
    const { live } = build({ maxVersionsShown: 3 });
    for (let index = 0; index < 5000; index += 1) see(live, `d${index}`, `s${index}`, `${index}`);
    for (let index = 0; index < 5000; index += 7) see(live, `d${index}`, `s${index}`, 'real');
    const { by_version: versions, ...counts } = live.read('a');
    expect(counts).toEqual({ devices: 5000, sessions: 5000, truncated: false });
    expect(versions).toHaveLength(4);
    expect(versions[0]).toEqual({ app_version: 'real', devices: 715, sessions: 715 });
    expect(versions[3]).toEqual({ app_version: '(other)', devices: 4283, sessions: 4283 });
  });

  it('refuses limits that leave no room', () => {
    expect(() => build({ maxSessions: 0 })).toThrow(RangeError);
    expect(() => build({ windowMs: undefined })).toThrow(RangeError);
  });
});
