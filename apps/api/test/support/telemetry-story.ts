import { randomUUID } from 'node:crypto';
import type { TestPlatform } from './platform.js';
import type { Sender, SentEvent } from './telemetry.js';

const DAY_MS = 86_400_000;

/** Three devices on two days: few enough events to count by hand. */
export interface Story {
  /** The two days and the one after, `YYYY-MM-DD`. */
  days: [string, string, string];
  /** `from` and `to` of all three. */
  range: string;
  sessions: { alice: [string, string]; bob: string; carol: string };
}

/**
 * Sends the story: 12 events in 4 sessions of 3 devices.
 *
 * Day 1: alice (1.0.0, DE) starts at 10:00, sees home and shop, crashes at 10:03; bob (1.0.0, US) starts at 10:30, sees
 * home, clicks buy at 11:05. Day 2: alice starts at 09:00 and sees home; carol (2.0.0, DE) starts at 12:00, meets a Lua
 * error and sees home.
 */
export async function tellStory(platform: TestPlatform, sender: Sender): Promise<Story> {
  const today = Math.floor(platform.clock.now().getTime() / DAY_MS);
  const day = (ago: number) => new Date((today - ago) * DAY_MS).toISOString().slice(0, 10);
  const days: Story['days'] = [day(3), day(2), day(1)];
  const sessions: Story['sessions'] = { alice: [randomUUID(), randomUUID()], bob: randomUUID(), carol: randomUUID() };
  const at = (index: 0 | 1, time: string, type: string, data?: Record<string, unknown>): SentEvent => ({
    type,
    at: `${days[index]}T${time}:00Z`,
    ...(data ? { data } : {}),
  });
  const home = { screen_name: 'home' };
  const alice = { deviceId: 'alice', appVersion: '1.0.0', context: { country: 'DE', os: 'linux' } };
  await sender.send(
    [
      at(0, '10:00', 'app_start'),
      at(0, '10:01', 'screen_view', home),
      at(0, '10:02', 'screen_view', { screen_name: 'shop' }),
      at(0, '10:03', 'app_crash', { crash_type: 'SIGSEGV', message: 'segfault at 0x1234', stack: 'draw (ui.cpp:10)' }),
    ],
    { ...alice, sessionId: sessions.alice[0] },
  );
  await sender.send(
    [
      at(0, '10:30', 'app_start'),
      at(0, '10:31', 'screen_view', home),
      at(0, '11:05', 'button_click', { element_id: 'buy' }),
    ],
    { deviceId: 'bob', appVersion: '1.0.0', context: { country: 'US', os: 'linux' }, sessionId: sessions.bob },
  );
  await sender.send([at(1, '09:00', 'app_start'), at(1, '09:01', 'screen_view', home)], {
    ...alice,
    sessionId: sessions.alice[1],
  });
  await sender.send(
    [
      at(1, '12:00', 'app_start'),
      at(1, '12:01', 'lua_error', { message: 'attempt to index nil', stack: 'main.lua:3' }),
      at(1, '12:02', 'screen_view', home),
    ],
    { deviceId: 'carol', appVersion: '2.0.0', context: { country: 'DE', os: 'linux' }, sessionId: sessions.carol },
  );
  await platform.telemetry.settled();
  const end = new Date((today - 0) * DAY_MS).toISOString().slice(0, 10);
  return { days, range: `from=${days[0]}T00:00:00Z&to=${end}T00:00:00Z`, sessions };
}
