import { createHash } from 'node:crypto';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../common/clock.js';

/** One batch of the demo, as a device would send it. */
export interface DemoBatch {
  batch_id: string;
  app_id: string;
  app_version: string;
  mosis_version: string;
  device_id: string;
  session_id: string;
  context: { os: string; device_model: string; country: string; locale: string };
  events: { type: string; timestamp: string; data?: Record<string, string | number> }[];
}

/** An app whose devices are made up. */
export interface DemoApp {
  packageId: string;
  /** Version names, oldest first. */
  versions: readonly string[];
}

/** Older events are not taken in; the seventh day back is half gone already. */
const DAYS = 6;
const DEVICES = 40;
const SCREENS = ['home', 'search', 'detail', 'settings'];
const PLACES = [
  ['DE', 'de-DE'],
  ['US', 'en-US'],
  ['FR', 'fr-FR'],
  ['JP', 'ja-JP'],
  ['BR', 'pt-BR'],
] as const;
const MODELS = ['Mosis One', 'Mosis Mini', 'Mosis Desk'];

/**
 * What the devices of an app did in the last days, one batch a session. Everything follows from the package id and the
 * day, so sending it again changes nothing: a session that is over has the same batch for ever.
 */
export function* makeDemoBatches(app: DemoApp, nowMs: number): Generator<DemoBatch> {
  const today = Math.floor(nowMs / DAY_MS);
  for (let day = today - DAYS; day <= today; day += 1) {
    for (let device = 0; device < DEVICES; device += 1) {
      const random = randomOf(`${app.packageId}/${device}/${day}`);
      // Some come most days, some hardly ever.
      if (random() > 0.15 + (0.8 * device) / DEVICES) continue;
      const batch = makeSession(app, { device, day }, random);
      const last = batch.events.at(-1);
      if (last && Date.parse(last.timestamp) < nowMs) yield batch;
    }
  }
}

function makeSession(app: DemoApp, { device, day }: { device: number; day: number }, random: () => number): DemoBatch {
  const name = `${app.packageId}/${device}`;
  const traits = randomOf(name);
  const [country, locale] = pick(PLACES, traits() * traits());
  const model = pick(MODELS, traits());
  let timeMs = day * DAY_MS + 7 * HOUR_MS + random() * 15 * HOUR_MS;
  const startedMs = timeMs;
  const events: DemoBatch['events'] = [];
  const add = (type: string, data?: Record<string, string | number>) => {
    events.push({ type, timestamp: new Date(timeMs).toISOString(), ...(data ? { data } : {}) });
    timeMs += (2 + random() * 40) * SECOND_MS;
  };
  add('app_start');
  add('perf_startup', { duration_ms: Math.round(200 + random() * 600) });
  const screens = 2 + Math.floor(random() * 5);
  for (let index = 0; index < screens; index += 1) {
    const screen = index === 0 ? 'home' : pick(SCREENS, random());
    add('screen_view', { screen_name: screen });
    if (random() < 0.6) add('button_click', { element_id: `${screen}_primary` });
    if (random() < 0.15) add('feature_used', { feature_name: 'share' });
  }
  if (random() < 0.04)
    add('lua_error', { message: `attempt to index a nil value (field 'item')`, stack: 'list.lua:42' });
  if (random() < 0.02)
    add('app_crash', { crash_type: 'SIGSEGV', message: 'segmentation fault', stack: 'render (gpu.cpp:118)' });
  else {
    timeMs += random() * 5 * MINUTE_MS;
    add('app_stop', { duration_seconds: Math.round((timeMs - startedMs) / SECOND_MS) });
  }
  return {
    batch_id: uuidOf(`${name}/${day}/batch`),
    app_id: app.packageId,
    app_version: pick(app.versions, 1 - random() * random()),
    mosis_version: '1.0.0',
    device_id: `demo-${device}`,
    session_id: uuidOf(`${name}/${day}/session`),
    context: { os: 'mosis', device_model: model, country, locale },
    events,
  };
}

function pick<Item>(items: readonly Item[], share: number): Item {
  return items[Math.min(items.length - 1, Math.floor(share * items.length))] as Item;
}

/** Numbers from 0 to 1 that follow from a text (mulberry32). */
function randomOf(seed: string): () => number {
  let state = createHash('sha256').update(seed).digest().readUInt32LE(0);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
