import { OTHER_KEY } from '../queries/types.js';
import { ownCopy } from '../queue/bounded-key.js';

/** One running session; it is in the list of all sessions and in that of its device. */
export interface LiveSession {
  readonly app: AppPresence;
  readonly key: string;
  device: LiveDevice;
  version: VersionCount;
  seenAtMs: number;
  older: LiveSession | undefined;
  newer: LiveSession | undefined;
  olderOnDevice: LiveSession | undefined;
  newerOnDevice: LiveSession | undefined;
}

interface LiveDevice {
  readonly key: string;
  /** The session that was seen last; its version is where the device counts. */
  newest: LiveSession | undefined;
}

interface VersionCount {
  readonly text: string;
  sessions: number;
  devices: number;
}

/** Who uses an app at this moment. The counts by version add up to the totals. */
export interface LiveCounts {
  devices: number;
  sessions: number;
  /** Most sessions first, `(other)` last. A device counts once, in the version it was seen with last. */
  by_version: { app_version: string; devices: number; sessions: number }[];
  /** Sessions that may still run were forgotten for want of room: there may be more than this. */
  truncated: boolean;
}

/** The sessions of one app and their counts, which every change keeps current. */
export class AppPresence {
  readonly sessions = new Map<string, LiveSession>();
  /** Until when a session that was forgotten for want of room would have counted. */
  truncatedUntilMs = -Infinity;
  readonly #devices = new Map<string, LiveDevice>();
  readonly #versions = new Map<string, VersionCount>();
  readonly #other: VersionCount = { text: OTHER_KEY, sessions: 0, devices: 0 };

  constructor(
    readonly id: string,
    private readonly maxVersions: number,
  ) {}

  /** Adds a session that is not here yet. */
  add(key: string, deviceKey: string, version: string, seenAtMs: number): LiveSession {
    const session: LiveSession = {
      app: this,
      key: ownCopy(key),
      device: this.#device(deviceKey),
      version: this.#version(version),
      seenAtMs,
      older: undefined,
      newer: undefined,
      olderOnDevice: undefined,
      newerOnDevice: undefined,
    };
    this.sessions.set(session.key, session);
    this.#count(session);
    return session;
  }

  /** Notes that a session was seen just now, with this device and version, which may be others than before. */
  renew(session: LiveSession, deviceKey: string, version: string): void {
    const { device } = session;
    if (device.newest === session && device.key === deviceKey && session.version.text === version) return;
    this.#uncount(session);
    session.device = this.#device(deviceKey);
    session.version = this.#version(version);
    this.#count(session);
  }

  remove(session: LiveSession): void {
    this.sessions.delete(session.key);
    this.#uncount(session);
  }

  /** The sessions of one device, the newest first. */
  sessionsOf(deviceKey: string): LiveSession[] {
    const found: LiveSession[] = [];
    let session = this.#devices.get(deviceKey)?.newest;
    for (; session !== undefined; session = session.olderOnDevice) found.push(session);
    return found;
  }

  /** The counts now, with so many versions by name; takes time by the number of versions alone. */
  counts(maxShown: number, truncated: boolean): LiveCounts {
    const ranked = [...this.#versions.values()].sort(byRank);
    const other = { ...this.#other };
    for (const version of ranked.slice(maxShown)) {
      other.sessions += version.sessions;
      other.devices += version.devices;
    }
    const shown = ranked.slice(0, maxShown);
    if (other.sessions > 0) shown.push(other);
    return {
      devices: this.#devices.size,
      sessions: this.sessions.size,
      by_version: shown.map(({ text, devices, sessions }) => ({ app_version: text, devices, sessions })),
      truncated,
    };
  }

  #device(key: string): LiveDevice {
    let device = this.#devices.get(key);
    if (device === undefined) {
      device = { key: ownCopy(key), newest: undefined };
      this.#devices.set(device.key, device);
    }
    return device;
  }

  /** A version beyond the bound is counted without its name until a sighting finds room for it. */
  #version(text: string): VersionCount {
    let version = this.#versions.get(text);
    if (version === undefined) {
      if (text === OTHER_KEY || this.#versions.size >= this.maxVersions) return this.#other;
      version = { text: ownCopy(text), sessions: 0, devices: 0 };
      this.#versions.set(version.text, version);
    }
    return version;
  }

  #count(session: LiveSession): void {
    const { device, version } = session;
    const before = device.newest;
    session.olderOnDevice = before;
    session.newerOnDevice = undefined;
    device.newest = session;
    version.sessions += 1;
    version.devices += 1;
    if (before === undefined) return;
    before.newerOnDevice = session;
    before.version.devices -= 1;
  }

  #uncount(session: LiveSession): void {
    const { device, version, olderOnDevice, newerOnDevice } = session;
    version.sessions -= 1;
    if (olderOnDevice !== undefined) olderOnDevice.newerOnDevice = newerOnDevice;
    if (newerOnDevice !== undefined) newerOnDevice.olderOnDevice = olderOnDevice;
    else {
      version.devices -= 1;
      device.newest = olderOnDevice;
      if (olderOnDevice === undefined) this.#devices.delete(device.key);
      else olderOnDevice.version.devices += 1;
    }
    session.olderOnDevice = undefined;
    session.newerOnDevice = undefined;
    if (version.sessions === 0 && version !== this.#other) this.#versions.delete(version.text);
  }
}

function byRank(a: VersionCount, b: VersionCount): number {
  return b.sessions - a.sessions || b.devices - a.devices || (a.text < b.text ? -1 : 1);
}
