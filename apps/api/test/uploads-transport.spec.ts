import { once } from 'node:events';
import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { UploadReceiver } from '../src/versions/upload-receiver.js';
import { PackageVerifier } from '../src/versions/package-verifier.js';
import { addApiKey, buildTestPackage, createPublisher, expectStatus, type Publisher } from './support/actors.js';
import { inventory } from './support/attack.js';
import { TestPlatform } from './support/platform.js';
import { newApp, versionUrl } from './support/steps.js';

const LIMIT = 300_000;

/** Uploads over real sockets, and everything that can go wrong on the way in. */
describe('a package on its way in', () => {
  let platform: TestPlatform;
  let owner: Publisher;
  let port: number;
  let key: string;
  beforeAll(async () => {
    platform = await TestPlatform.start({ PACKAGE_MAX_BYTES: String(LIMIT) });
    owner = await createPublisher(platform);
    key = await addApiKey(owner, ['versions:upload']);
    await platform.app.listen(0, '127.0.0.1');
    ({ port } = platform.app.getHttpServer().address() as AddressInfo);
  });
  afterAll(() => platform.stop());

  const random = (bytes: number) => Buffer.from(Array.from({ length: bytes }, () => Math.floor(Math.random() * 256)));
  const open = (publisher: Publisher, ...headers: string[]): Socket => {
    const socket = connect(port, '127.0.0.1');
    socket.setTimeout(10_000, () => socket.destroy());
    const lines = [
      `POST /v1/apps/${publisher.packageId}/versions HTTP/1.1`,
      'Host: store.test',
      `Authorization: Bearer ${key}`,
      'Content-Type: application/octet-stream',
      ...headers,
    ];
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    return socket;
  };
  /** The whole answer, up to the end of its JSON. */
  const answerOf = async (socket: Socket): Promise<{ status: number; code: string | undefined }> => {
    let text = '';
    socket.setEncoding('utf8');
    const done = new Promise<void>((resolve) => {
      socket.on('data', (chunk: string) => {
        text += chunk;
        const [head, body] = text.split('\r\n\r\n');
        const length = /content-length: (\d+)/i.exec(head ?? '')?.[1];
        if (length !== undefined && Buffer.byteLength(body ?? '') >= Number(length)) resolve();
      });
      socket.once('close', () => resolve());
      socket.on('error', () => resolve());
    });
    await done;
    socket.destroy();
    const body = text.split('\r\n\r\n')[1] ?? '{}';
    return { status: Number(text.slice(9, 12)), code: (JSON.parse(body || '{}') as { code?: string }).code };
  };
  const chunked = (bytes: Buffer) =>
    Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);

  it('comes in without a Content-Length, in chunks of any size', async () => {
    const publisher = await newApp(owner);
    const bytes = await buildTestPackage(publisher.key, { packageId: publisher.packageId });
    const socket = open(publisher, 'Transfer-Encoding: chunked');
    for (let at = 0; at < bytes.length; at += 97) socket.write(chunked(bytes.subarray(at, at + 97)));
    socket.write('0\r\n\r\n');
    expect((await answerOf(socket)).status).toBe(201);
    const stored = await publisher.client.get(`${versionUrl(publisher, 1)}/package`);
    expect(stored.bytes.equals(bytes)).toBe(true);
  });

  it('that breaks off leaves nothing', async () => {
    const publisher = await newApp(owner);
    const bytes = await buildTestPackage(publisher.key, { packageId: publisher.packageId });
    const before = inventory(platform);
    for (const headers of [[`Content-Length: ${bytes.length}`], ['Transfer-Encoding: chunked']]) {
      const socket = open(publisher, ...headers);
      const half = bytes.subarray(0, bytes.length / 2);
      const arrived = fileAppears(platform);
      socket.write(headers[0]?.startsWith('T') ? chunked(half) : half);
      await arrived;
      socket.destroy();
      await once(socket, 'close');
      await untilGone(platform);
      expect(inventory(platform)).toEqual(before);
    }
    expect(platform.log).not.toContain('internal-error');
    const again = await publisher.client.post(`/v1/apps/${publisher.packageId}/versions`, bytes);
    expect(again.status).toBe(201);
  });

  it('that says it is larger than the limit is refused before it is sent', async () => {
    const publisher = await newApp(owner);
    const before = inventory(platform);
    const socket = open(publisher, `Content-Length: ${LIMIT + 1}`);
    expect(await answerOf(socket)).toEqual({ status: 413, code: 'package-too-large' });
    expect(inventory(platform)).toEqual(before);
  });

  it('that turns out larger than the limit is refused on the way', async () => {
    const publisher = await newApp(owner);
    const before = inventory(platform);
    const socket = open(publisher, 'Transfer-Encoding: chunked');
    const answer = answerOf(socket);
    for (let sent = 0; sent <= LIMIT; sent += 10_000) socket.write(chunked(Buffer.alloc(10_000)));
    // The end is never sent: who waits for it waits in vain.
    expect(await answer).toEqual({ status: 413, code: 'package-too-large' });
    await untilGone(platform);
    expect(inventory(platform)).toEqual(before);
  });

  it('that is sent several times at once is stored once', async () => {
    const publisher = await newApp(owner);
    const bytes = await buildTestPackage(publisher.key, { packageId: publisher.packageId });
    const url = `/v1/apps/${publisher.packageId}/versions`;
    const answers = await Promise.all(Array.from({ length: 5 }, () => publisher.client.post(url, bytes)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
    expect(new Set(answers.map(({ body }) => body.code))).toEqual(new Set([undefined, 'version-code-not-higher']));
    const stored = await publisher.client.get(`${versionUrl(publisher, 1)}/package`);
    expect(stored.bytes.equals(bytes)).toBe(true);
  });

  it('waits for its turn when many come at once', async () => {
    const publisher = await newApp(owner);
    const bytes = await buildTestPackage(publisher.key, { packageId: publisher.packageId });
    const url = `/v1/apps/${publisher.packageId}/versions`;
    const answers = await Promise.all(Array.from({ length: 30 }, () => publisher.client.post(url, bytes)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(29);
  });

  it('does not wait for more than six of another developer that hardly arrive', async () => {
    const [slow, other] = [await newApp(owner), await createPublisher(platform)];
    const sockets = Array.from({ length: 8 }, () => open(slow, 'Content-Length: 1000'));
    const answers = sockets.map(answerOf);
    for (const socket of sockets) socket.write('P');
    await until(() => countArriving(platform) >= 6);
    const bytes = await buildTestPackage(other.key, { packageId: other.packageId });
    expectStatus(await other.client.post(`/v1/apps/${other.packageId}/versions`, bytes), 201);
    expect(countArriving(platform)).toBe(6);
    // The further ones were not refused: they begin when others have ended.
    for (const socket of sockets) socket.write('x'.repeat(999));
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(8).fill(422));
  });

  it('is ended when it hardly arrives for a minute', async () => {
    const socket = open(await newApp(owner), 'Content-Length: 100000');
    const answer = answerOf(socket);
    socket.write('x'.repeat(1_000));
    await until(() => sizesOfArriving(platform).includes(1_000));
    const receiver = platform.app.get(UploadReceiver);
    receiver.endSlow();
    expect(countArriving(platform)).toBe(1);
    platform.clock.advance(60_000);
    receiver.endSlow();
    expect(await answer).toEqual({ status: 408, code: 'request-timeout' });
    await untilGone(platform);
  });

  it('under a code that several others have at the same time is the only one that stays', async () => {
    const publisher = await newApp(owner);
    const url = `/v1/apps/${publisher.packageId}/versions`;
    const files = (index: number) => ({ 'which.txt': `${index}` });
    const packages = await Promise.all(
      [1, 2, 3, 4].map((index) =>
        buildTestPackage(publisher.key, { packageId: publisher.packageId, files: files(index) }),
      ),
    );
    const before = inventory(platform).files as string[];
    const answers = await Promise.all(packages.map((bytes) => publisher.client.post(url, bytes)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    expect((inventory(platform).files as string[]).length).toBe(before.length + 1);
    const winner = answers.findIndex(({ status }) => status === 201);
    const stored = await publisher.client.get(`${versionUrl(publisher, 1)}/package`);
    expect(stored.bytes.equals(packages[winner] as Buffer)).toBe(true);
  });

  it('does not pass when the thread that verifies it dies, and the next one does', async () => {
    const publisher = await newApp(owner);
    const url = `/v1/apps/${publisher.packageId}/versions`;
    const bytes = await buildTestPackage(publisher.key, {
      packageId: publisher.packageId,
      files: { 'data.bin': random(200_000) },
    });
    const before = inventory(platform);
    const verifier = platform.app.get<unknown, { running?: unknown; worker?: Worker }>(PackageVerifier);
    const uploading = publisher.client.post(url, bytes);
    const waiting = publisher.client.post(url, bytes);
    await new Promise<void>((resolve) => {
      const look = () => (verifier.running ? resolve() : setImmediate(look));
      look();
    });
    await verifier.worker?.terminate();
    const answers = await Promise.all([uploading, waiting]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 500]);
    const [failed] = answers.filter(({ status }) => status === 500);
    expect(failed?.body.code).toBe('package-verification-failed');
    expect(failed?.body.detail).not.toMatch(/thread|worker|Error/);
    expect((inventory(platform).versions as number) - (before.versions as number)).toBe(1);
  });

  it('does not pass when the object store cannot take it, and leaves nothing', async () => {
    const publisher = await newApp(owner);
    const bytes = await buildTestPackage(publisher.key, { packageId: publisher.packageId });
    const before = inventory(platform);
    const folder = join(platform.settings.dataDir, 'objects', 'packages');
    renameSync(folder, `${folder}-away`);
    writeFileSync(folder, 'in the way');
    const answer = await publisher.client.post(`/v1/apps/${publisher.packageId}/versions`, bytes);
    rmSync(folder);
    renameSync(`${folder}-away`, folder);
    expect(answer.status).toBeGreaterThanOrEqual(500);
    const { ObjectsService } = await import('../src/objects/objects.service.js');
    await platform.app.get(ObjectsService).cleanUp();
    expect(inventory(platform)).toEqual(before);
    expectStatus(await publisher.client.post(`/v1/apps/${publisher.packageId}/versions`, bytes), 201);
  });
});

/** Resolves when an upload has begun to arrive on disk. */
async function fileAppears(platform: TestPlatform): Promise<void> {
  await until(() => (inventory(platform).files as string[]).some((name) => name.startsWith('tmp/upload-')));
}

/** Resolves when no upload is arriving any more. */
async function untilGone(platform: TestPlatform): Promise<void> {
  await until(() => !(inventory(platform).files as string[]).some((name) => name.startsWith('tmp/upload-')));
}

function listArriving(platform: TestPlatform): string[] {
  return (inventory(platform).files as string[]).filter((name) => name.startsWith('tmp/upload-'));
}

function countArriving(platform: TestPlatform): number {
  return listArriving(platform).length;
}

function sizesOfArriving(platform: TestPlatform): number[] {
  return listArriving(platform).map((name) => statSync(join(platform.settings.dataDir, name)).size);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
