import { randomUUID } from 'node:crypto';
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import { COUNTRIES, LOCALES, makeEvent, MODELS, PLATFORM_VERSIONS, VERSIONS } from '../lib/events.ts';
import { Random } from '../lib/random.ts';

/** How a batch travels. */
export type Encoding = 'identity' | 'gzip';

/** An app that devices send for. */
export interface LoadedApp {
  packageId: string;
  key: string;
}

/** One device's batch, sent again and again under a new id each time. */
export interface BatchTemplate {
  app: LoadedApp;
  events: number;
  /** The batch as it is, and as it travels. */
  plain: Buffer;
  sent: Buffer;
  encoding: Encoding;
}

const ID_START = '{"batch_id":"'.length;
const ID_BYTES = 36;
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
const STORED_HEADER_BYTES = 5;

/** Makes batches of as many devices, of unequal apps. */
export function makeTemplates(options: {
  apps: readonly LoadedApp[];
  count: number;
  events: number;
  encoding: Encoding;
  seed: number;
  nowMs: number;
  /** Another one gives the same devices other sessions. */
  sessionSeed?: number;
}): BatchTemplate[] {
  const random = new Random(options.seed);
  const sessions = new Random(options.sessionSeed ?? options.seed);
  return Array.from({ length: options.count }, (_, device) => {
    const app = random.unequal(options.apps);
    const plain = makeBatch(random, app, device, options.events, options.nowMs, sessions.uuid());
    const sent = options.encoding === 'gzip' ? gzipAroundId(plain) : plain;
    return { app, events: options.events, plain, sent, encoding: options.encoding };
  });
}

/** Gives a template a new id, in place: what it would cost to compress each batch is the devices' business. */
export function renew({ plain, sent, encoding }: BatchTemplate): Buffer {
  plain.write(randomUUID(), ID_START, 'latin1');
  if (encoding === 'identity') return sent;
  plain.copy(sent, GZIP_HEADER.length + STORED_HEADER_BYTES, 0, ID_START + ID_BYTES);
  sent.writeUInt32LE(crc32(plain), sent.length - 8);
  return sent;
}

/** Mean bytes of an event on the wire, as a device compresses it: with the zlib of a browser, at its usual level. */
export function wireBytesPerEvent(templates: readonly BatchTemplate[]): number {
  const bytes = templates.reduce((sum, { plain }) => sum + gzipSync(plain).length, 0);
  return bytes / templates.reduce((sum, { events }) => sum + events, 0);
}

function makeBatch(
  random: Random,
  app: LoadedApp,
  device: number,
  count: number,
  nowMs: number,
  sessionId: string,
): Buffer {
  let atMs = nowMs - 60_000;
  const events = Array.from({ length: count }, () => {
    atMs += random.below(1_200);
    const { type, data } = makeEvent(random);
    return { type, timestamp: new Date(atMs).toISOString(), ...(data ? { data } : {}) };
  });
  return Buffer.from(
    JSON.stringify({
      batch_id: random.uuid(),
      app_id: app.packageId,
      app_version: random.unequal(VERSIONS),
      mosis_version: random.unequal(PLATFORM_VERSIONS),
      device_id: `device-${device}-${random.hex(6)}`,
      session_id: sessionId,
      context: {
        os: 'mosis',
        device_model: random.unequal(MODELS),
        country: random.unequal(COUNTRIES),
        locale: random.unequal(LOCALES),
      },
      events,
    }),
  );
}

/**
 * One gzip member whose first block holds the id uncompressed, so that it can be changed without compressing again; the
 * rest is compressed as usual. That makes it some 60 bytes longer.
 */
function gzipAroundId(plain: Buffer): Buffer {
  const length = ID_START + ID_BYTES;
  const stored = Buffer.alloc(STORED_HEADER_BYTES + length);
  stored.writeUInt16LE(length, 1);
  stored.writeUInt16LE(length ^ 0xffff, 3);
  plain.copy(stored, STORED_HEADER_BYTES, 0, length);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(plain), 0);
  trailer.writeUInt32LE(plain.length, 4);
  return Buffer.concat([GZIP_HEADER, stored, deflateRawSync(plain.subarray(length)), trailer]);
}
