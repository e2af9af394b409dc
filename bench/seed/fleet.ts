import { COUNTRIES, LOCALES, MODELS, PLATFORM_VERSIONS, VERSIONS } from '../lib/events.ts';
import { Random } from '../lib/random.ts';

/** Apps of a data set. */
const APPS = 200;
/** An app's share falls with its place to this power: the first has a quarter of everything, the last 1/2,000. */
const INEQUALITY = 1.2;
/** Devices that even the smallest app has. */
const LEAST_DEVICES = 20;
/** Share of an app's devices that are there on the first day; the others come day by day. */
const OLD_SHARE = 0.4;
/** Part of the days after which no new device comes. */
const NEW_UNTIL = 0.9;
/** Days between two versions of an app. */
const RELEASE_DAYS = 20;

/** An app of the data set: its share of everything, and how many devices it ends up with. */
export interface FleetApp {
  packageId: string;
  share: number;
  devices: number;
}

/** What a device says of itself, as the dictionaries take it. */
export interface DeviceTexts {
  appVersion: string;
  mosisVersion: string;
  os: string;
  country: string;
  deviceModel: string;
  locale: string;
}

/** Unequal apps that share so many devices. */
export function makeFleet(devices: number): FleetApp[] {
  const weights = Array.from({ length: APPS }, (_, index) => 1 / (index + 1) ** INEQUALITY);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight, index) => ({
    packageId: `com.bench.app${index + 1}`,
    share: weight / total,
    devices: Math.max(LEAST_DEVICES, Math.round((devices * weight) / total)),
  }));
}

/** How many of an app's devices are known on a day, of `days` in all. */
export function devicesOn(app: FleetApp, dayIndex: number, days: number): number {
  const share = OLD_SHARE + (1 - OLD_SHARE) * Math.min(1, dayIndex / (days * NEW_UNTIL));
  return Math.max(1, Math.floor(app.devices * share));
}

/** What a device says on a day: always the same, but for the app's version, which it updates sooner or later. */
export function textsOf(seed: number, appIndex: number, device: number, dayIndex: number): DeviceTexts {
  const random = new Random(seed ^ Math.imul(appIndex + 1, 0x9e3779b1) ^ Math.imul(device + 1, 0x85ebca6b));
  const hurry = random.unequal([0, 0, 1, 2, 4]);
  const released = Math.floor(dayIndex / RELEASE_DAYS);
  const version = Math.max(0, VERSIONS.length - 2 - released + hurry);
  return {
    appVersion: VERSIONS[Math.min(version, VERSIONS.length - 1)] as string,
    mosisVersion: random.unequal(PLATFORM_VERSIONS),
    os: 'mosis',
    country: random.unequal(COUNTRIES),
    deviceModel: random.unequal(MODELS),
    locale: random.unequal(LOCALES),
  };
}
