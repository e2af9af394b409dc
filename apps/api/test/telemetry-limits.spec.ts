import { connect, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createPublisher, expectStatus, type Publisher } from './support/actors.js';
import { TestPlatform } from './support/platform.js';
import { expectProblem } from './support/problem.js';
import { newApp } from './support/steps.js';
import { createSender, type Sender } from './support/telemetry.js';

const MIB = 1024 * 1024;

async function start(environment: Record<string, string>) {
  const platform = await TestPlatform.start(environment);
  const owner = await createPublisher(platform);
  return { platform, owner, sender: await createSender(platform, owner) };
}

describe('a store with little room', () => {
  let platform: TestPlatform;
  let owner: Publisher;
  let sender: Sender;
  beforeAll(async () => {
    // More than any disk has.
    ({ platform, owner, sender } = await start({ TELEMETRY_MIN_FREE_MB: '1000000000', RATE_LIMITS: 'on' }));
  });
  afterAll(() => platform.stop());

  it('refuses telemetry until there is room, and nothing else', async () => {
    const answer = await sender.post(sender.batch([{ type: 'x' }]));
    expectProblem(answer, 'disk-low');
    expect(answer.status).toBe(503);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expectStatus(await owner.client.get(`/v1/apps/${owner.packageId}/telemetry/overview`), 200);
    expectStatus(await owner.client.patch(`/v1/apps/${owner.packageId}`, { description: 'Still here.' }), 200);
    expect(platform.log).not.toContain('request failed');
  });

  it('says so where operators look', async () => {
    const { body } = await platform.client().get('/readyz');
    expect(body.status).toBe('degraded');
    expect(body.problems.map(({ code }: { code: string }) => code)).toContain('telemetry-disk-low');
  });

  it('keeps an address from guessing keys', async () => {
    const guess = (index: number) =>
      platform
        .client()
        .post('/v1/telemetry/heartbeats', {}, { 'x-ingest-key': `mi_${String(index).padStart(32, '0')}` });
    let refused = await guess(0);
    for (let index = 1; refused.status === 401 && index < 4_000; index += 1) refused = await guess(index);
    expectProblem(refused, 'rate-limited');
  });
});

describe('an app with a small quota', () => {
  it('is refused beyond it until the next day', async () => {
    const { platform, sender } = await start({ TELEMETRY_DAILY_EVENTS_PER_APP: '3' });
    try {
      await sender.send([{ type: 'a' }, { type: 'b' }]);
      const refused = await sender.post(sender.batch([{ type: 'a' }, { type: 'b' }]));
      expectProblem(refused, 'quota-spent');
      expect(refused.status).toBe(403);
      await sender.send([{ type: 'c' }]);
      platform.clock.advance(24 * 60 * 60 * 1000);
      await sender.send([{ type: 'a' }]);
    } finally {
      await platform.stop();
    }
  });
});

describe('a device that never rests', () => {
  it('is kept to its rate, and other devices are not', async () => {
    const { platform, sender } = await start({ RATE_LIMITS: 'on' });
    try {
      const events = Array.from({ length: 500 }, () => ({ type: 'x' }));
      const post = (deviceId: string) => sender.post(sender.batch(events, { deviceId }));
      let answer = await post('restless');
      for (let sent = 1; answer.status === 200 && sent < 1_000; sent += 1) answer = await post('restless');
      expectProblem(answer, 'device-rate-exceeded');
      expect(answer.status).toBe(429);
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      expectStatus(await post('calm'), 200);
    } finally {
      await platform.stop();
    }
  });
});

describe('batches that arrive', () => {
  let platform: TestPlatform;
  let owner: Publisher;
  let sender: Sender;
  let others: Sender[];
  let port: number;
  const sockets = new Set<Socket>();
  beforeAll(async () => {
    ({ platform, owner, sender } = await start({}));
    const apps = [await newApp(owner), await newApp(owner)];
    others = [await createSender(platform, apps[0] as Publisher), await createSender(platform, apps[1] as Publisher)];
    await platform.app.listen(0, '127.0.0.1');
    ({ port } = platform.app.getHttpServer().address() as AddressInfo);
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await platform.stop();
  });

  const head = (bytes: number, key: string) =>
    `POST /v1/telemetry/batches HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nx-ingest-key: ${key}\r\ncontent-length: ${bytes}\r\n\r\n`;

  /** The next bytes that come back. */
  const heard = (socket: Socket) =>
    new Promise<string>((resolve) => socket.once('data', (chunk: Buffer) => resolve(chunk.toString('utf8'))));

  /** Announces a batch, sends the beginning of it, and answers what comes back first. */
  function announce(bytes: number, sent: number, key = sender.key): { socket: Socket; answer: Promise<string> } {
    const socket = connect(port, '127.0.0.1');
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.write(head(bytes, key));
    socket.write(Buffer.alloc(sent, 0x20));
    const answer = new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
      socket.once('close', () => resolve(text));
    });
    return { socket, answer };
  }

  it('are bounded in what they may fill of the memory together, and give it back when they go', async () => {
    const keys = [sender.key, ...others.map(({ key }) => key)];
    const held = Array.from({ length: 64 }, (_, index) => announce(MIB, MIB - 1, keys[index % 3]));
    // Those that are held give no answer, so the next one is asked until there is no room.
    let refused = '';
    while (!refused.includes('overloaded')) {
      const { socket, answer } = announce(MIB, MIB - 1, keys[held.length % 3]);
      const first = await Promise.race([answer, new Promise<string>((resolve) => setImmediate(() => resolve('')))]);
      if (first === '') held.push({ socket, answer });
      refused = first === '' ? await Promise.race(held.map((one) => one.answer)) : first;
    }
    expect(refused).toMatch(/^HTTP\/1\.1 503 /);
    expect(refused.toLowerCase()).toContain('retry-after:');
    for (const { socket } of held) socket.destroy();
    await Promise.all(held.map(({ answer }) => answer));
    let status = 503;
    while (status === 503) status = (await sender.post(sender.batch([{ type: 'x' }]))).status;
    expect(status).toBe(200);
  });

  it('of one app leave room for those of others', async () => {
    const held: ReturnType<typeof announce>[] = [];
    let refused = '';
    while (refused === '') {
      held.push(announce(MIB, MIB - 1));
      const turn = new Promise<string>((resolve) => setImmediate(() => resolve('')));
      refused = await Promise.race([...held.map(({ answer }) => answer), turn]);
    }
    expect(refused).toMatch(/^HTTP\/1\.1 429 /);
    expect(refused.toLowerCase()).toContain('retry-after:');
    const [other] = others as [Sender, Sender];
    expectStatus(await other.post(other.batch([{ type: 'x' }])), 200);
    for (const { socket } of held) socket.destroy();
    await Promise.all(held.map(({ answer }) => answer));
  });

  it('from nobody are refused before they arrive, and the connection goes on', async () => {
    const { socket } = announce(MIB, 0, `mi_${'a'.repeat(32)}`);
    expect(await heard(socket)).toMatch(/^HTTP\/1\.1 401 /);
    const batch = JSON.stringify(sender.batch([{ type: 'x' }]));
    socket.write(Buffer.alloc(MIB, 0x20));
    socket.write(head(batch.length, sender.key) + batch);
    expect(await heard(socket)).toMatch(/^HTTP\/1\.1 200 /);
    socket.destroy();
  });

  it('are refused when their key was revoked on the way', async () => {
    const app = await newApp(owner);
    const revoked = await createSender(platform, app);
    const batch = JSON.stringify(revoked.batch([{ type: 'x' }]));
    const { socket } = announce(batch.length, 0, revoked.key);
    const served = new Promise((resolve) => platform.app.getHttpServer().once('request', resolve));
    await served;
    const keys = `/v1/apps/${app.packageId}/ingest-keys`;
    const { items } = (await app.client.get(keys)).body;
    expectStatus(await app.client.delete(`${keys}/${items[0].id}`), 204);
    socket.write(batch);
    expect(await heard(socket)).toMatch(/^HTTP\/1\.1 401 /);
    socket.destroy();
  });

  it('take no room by being announced', async () => {
    const held = Array.from({ length: 100 }, () => announce(MIB, 1));
    // Whoever asks after them on a connection of its own is answered after they were read.
    const { answer } = announce(MIB + 1, 0);
    expect(await answer).toMatch(/^HTTP\/1\.1 413 /);
    expectStatus(await sender.post(sender.batch([{ type: 'x' }])), 200);
    for (const { socket } of held) socket.destroy();
    await Promise.all(held.map((one) => one.answer));
  });

  it('are not counted any more once they are answered', async () => {
    const spaces = Buffer.alloc(MIB, 0x20);
    for (let count = 0; count < 70; count += 1) expectProblem(await sender.post(spaces), 'body-unreadable');
  });
});
