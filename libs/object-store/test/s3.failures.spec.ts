import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { createObjectStore, ObjectStoreError, packageKey, type ObjectStore } from '../src/index.js';
import { S3ObjectStore, type S3ObjectStoreOptions } from '../src/s3/s3-object-store.js';
import { collect, createScratch, patternBytes, sha256Of, writeSource } from './support/files.js';
import { closedEndpoint, listen, startProxy, type TestServer } from './support/network.js';
import { startS3Server, type S3Server } from './support/s3-server.js';

/** Silence is waited out as long as in earnest: on a busy machine a server that is well is silent for a while, too. */
const BRIEF = { attempts: 2, retryDelayMs: 10 };
/** For servers that never say anything again. */
const IMPATIENT = { idleTimeoutMs: 300 };
const BYTES = patternBytes(4 * 1024 * 1024);
const KEY = packageKey(sha256Of(BYTES));

describe('an S3 store in trouble', () => {
  let server: S3Server;
  let scratch: Awaited<ReturnType<typeof createScratch>>;
  const opened: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    server = await startS3Server();
  });

  afterAll(async () => {
    await server.kill();
  });

  beforeEach(async () => {
    scratch = await createScratch();
  });

  afterEach(async () => {
    for (const resource of opened.splice(0)) await resource.close();
    await scratch.remove();
  });

  function keep<T extends { close(): Promise<void> }>(resource: T): T {
    opened.push(resource);
    return resource;
  }

  function openStore(endpoint: string, options: Partial<S3ObjectStoreOptions> = {}): ObjectStore {
    const { accessKeyId, secretAccessKey, bucket } = server;
    const settings = { endpoint, accessKeyId, secretAccessKey };
    return keep(new S3ObjectStore({ bucket, prefix: randomUUID(), settings, ...BRIEF, ...options }));
  }

  async function source(): Promise<string> {
    return (await writeSource(scratch.path, 'package', BYTES)).path;
  }

  async function put(store: ObjectStore, consume = false): Promise<{ created: boolean }> {
    return store.putFile(KEY, await source(), { sha256: sha256Of(BYTES), consume });
  }

  async function serveHttp(handler: RequestListener): Promise<string> {
    const http = createServer(handler);
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    keep({
      close: async () => {
        http.closeAllConnections();
        await new Promise((resolve) => http.close(resolve));
      },
    });
    return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  }

  describe('credentials', () => {
    it.each([
      ['a wrong secret', { secretAccessKey: 'wrong-secret-value' }, 'secret'],
      ['an unknown key id', { accessKeyId: 'AKUNKNOWNKEY' }, 'access key id'],
    ])('says denied and what to do with %s', async (_, wrong, advice) => {
      const { accessKeyId, secretAccessKey, endpoint } = server;
      const store = openStore(endpoint, { settings: { endpoint, accessKeyId, secretAccessKey, ...wrong } });
      const error: unknown = await store.check().catch((caught: unknown) => caught);
      expect(error).toMatchObject({
        code: 'object-store-denied',
        retryable: false,
        message: expect.stringContaining(advice),
      });
      const text = inspect(error, { depth: 10 });
      for (const secret of ['wrong-secret-value', secretAccessKey]) expect(text).not.toContain(secret);
      await expect(put(store)).rejects.toMatchObject({ code: 'object-store-denied' });
    });

    it('shows no credentials in descriptions, inspections and errors', async () => {
      const { accessKeyId, secretAccessKey } = server;
      const endpoint = await closedEndpoint();
      const store = createObjectStore({
        url: 's3://bucket/some/prefix',
        s3: { endpoint: `${endpoint}/base`, accessKeyId, secretAccessKey },
      });
      expect(store.describe()).toBe(`s3://bucket/some/prefix/ at ${endpoint}`);
      const error: unknown = await store.stat('x').catch((caught: unknown) => caught);
      for (const text of [inspect(store, { depth: 10, showHidden: true }), inspect(error, { depth: 10 })]) {
        expect(text).not.toContain(secretAccessKey);
        expect(text).not.toContain(accessKeyId);
      }
      await store.close();
    });

    it.each([
      { accessKeyId: 'only-an-id' },
      { secretAccessKey: 'only-a-secret' },
      { endpoint: 'minio:9000' },
      { endpoint: 'ftp://host' },
      { endpoint: 'http://user:password@host' },
      { endpoint: 'http://host?x=y' },
    ])('refuses settings that cannot work before anything is opened: %j', (s3) => {
      const create = (): ObjectStore => createObjectStore({ url: 's3://bucket', s3 });
      expect(create).toThrow(ObjectStoreError);
      expect(create).not.toThrow(/only-a-secret|password/);
    });
  });

  it('says that the bucket does not exist', async () => {
    const store = openStore(server.endpoint, { bucket: 'no-such-bucket' });
    await expect(store.check()).rejects.toMatchObject({
      code: 'object-store-unavailable',
      retryable: false,
      message: expect.stringContaining('bucket does not exist'),
    });
  });

  it('says unavailable soon when nobody listens, with the settings it ships with', async () => {
    const endpoint = await closedEndpoint();
    const store = keep(
      createObjectStore({ url: 's3://bucket', s3: { endpoint, accessKeyId: 'a', secretAccessKey: 'b' } }),
    );
    const started = performance.now();
    const down = { code: 'object-store-unavailable', retryable: true, message: expect.stringContaining(endpoint) };
    await expect(store.check()).rejects.toMatchObject(down);
    await expect(put(store, true)).rejects.toMatchObject(down);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(await readFile(`${scratch.path}/package`)).toHaveLength(BYTES.length);
  });

  describe('a server that takes connections and never answers', () => {
    it.each([
      ['and reads everything', (): Promise<TestServer> => listen((socket) => socket.resume())],
      ['and reads nothing', (): Promise<TestServer> => listen((socket) => socket.pause())],
    ])('%s, is given up on in bounded time', async (_, start) => {
      const mute = keep(await start());
      const store = openStore(mute.endpoint, IMPATIENT);
      const silent = { code: 'object-store-unavailable', retryable: true };
      const started = performance.now();
      await expect(store.stat(KEY)).rejects.toMatchObject(silent);
      await expect(store.open(KEY)).rejects.toMatchObject(silent);
      await expect(store.putBytes('note', Buffer.from('x'))).rejects.toMatchObject(silent);
      expect(performance.now() - started).toBeLessThan(10_000);
    });

    it('after the head of an upload, is given up on in bounded time', async () => {
      // Says that the name is free, and then neither takes the body nor answers.
      const endpoint = await serveHttp((request, response) => {
        if (request.method === 'HEAD') response.writeHead(404).end();
        else request.pause();
      });
      const started = performance.now();
      await expect(put(openStore(endpoint, IMPATIENT))).rejects.toMatchObject({
        code: 'object-store-unavailable',
        retryable: true,
      });
      expect(performance.now() - started).toBeLessThan(10_000);
    });
  });

  describe('uploads', () => {
    it('fail as unavailable and keep the file when the server is killed in the middle', async () => {
      const doomed = await startS3Server();
      let killed: Promise<void> | undefined;
      const proxy = keep(
        await startProxy(doomed.endpoint, {
          onUpstreamBytes: (total) => {
            if (total > 1_000_000) killed ??= doomed.kill();
          },
        }),
      );
      const { accessKeyId, secretAccessKey } = doomed;
      const settings = { endpoint: proxy.endpoint, accessKeyId, secretAccessKey };
      await expect(put(openStore(proxy.endpoint, { settings }), true)).rejects.toMatchObject({
        code: 'object-store-unavailable',
        retryable: true,
      });
      expect(killed).toBeDefined();
      await killed;
      expect(sha256Of(await readFile(`${scratch.path}/package`))).toBe(sha256Of(BYTES));
    });

    it('are repeated from the start when the connection breaks in the middle', async () => {
      let cuts = 0;
      const proxy = keep(
        await startProxy(server.endpoint, {
          onUpstreamBytes: (total, cut) => {
            if (total > 1_000_000 && cuts === 0) {
              cuts += 1;
              cut();
            }
          },
        }),
      );
      const store = openStore(proxy.endpoint);
      expect(await put(store)).toMatchObject({ created: true });
      expect(cuts).toBe(1);
      expect((await store.hash(KEY)).sha256).toBe(sha256Of(BYTES));
    });

    it('are right also when only the answer was lost', async () => {
      let cuts = 0;
      let uploaded = 0;
      const proxy = keep(
        await startProxy(server.endpoint, {
          onUpstreamBytes: (total) => (uploaded = Math.max(uploaded, total)),
          onDownstreamBytes: (_, cut) => {
            if (uploaded > BYTES.length && cuts === 0) {
              cuts += 1;
              cut();
            }
          },
        }),
      );
      const store = openStore(proxy.endpoint);
      await put(store);
      expect(cuts).toBe(1);
      expect((await store.hash(KEY)).sha256).toBe(sha256Of(BYTES));
    });

    it('of a file that grows or changes meanwhile store nothing', async () => {
      const path = await source();
      let changed = false;
      const change = async (): Promise<void> => {
        if (changed) return;
        changed = true;
        await appendFile(path, 'one more byte');
      };
      // The size is taken before the first request, which this server answers only after the file has changed.
      const endpoint = await serveHttp((request, response) => {
        void change().then(() => {
          if (request.method === 'HEAD') response.writeHead(404).end();
          else request.resume().on('end', () => response.writeHead(200).end());
        });
      });
      const mismatch = { code: 'object-digest-mismatch', retryable: false };
      const growing = openStore(endpoint).putFile(KEY, path, { sha256: sha256Of(BYTES), consume: true });
      await expect(growing).rejects.toMatchObject(mismatch);
      const other = Buffer.from(BYTES);
      other[other.length - 1] = (other.at(-1) ?? 0) ^ 1;
      await writeFile(path, other);
      const store = openStore(server.endpoint);
      await expect(store.putFile(KEY, path, { sha256: sha256Of(BYTES), consume: true })).rejects.toMatchObject(
        mismatch,
      );
      expect(await store.stat(KEY)).toBeUndefined();
      expect(await readFile(path)).toHaveLength(BYTES.length);
    });

    it('are not believed when the server has another size afterwards', async () => {
      let stored = false;
      const endpoint = await serveHttp((request, response) => {
        if (request.method === 'HEAD') {
          response.writeHead(stored ? 200 : 404, stored ? { 'content-length': 10, etag: '"e"' } : {}).end();
        } else {
          stored = true;
          request.resume().on('end', () => response.writeHead(200, { etag: '"e"' }).end());
        }
      });
      await expect(put(openStore(endpoint), true)).rejects.toMatchObject({
        code: 'object-store-unavailable',
        message: expect.stringContaining('10 bytes'),
      });
      expect(await readFile(`${scratch.path}/package`)).toHaveLength(BYTES.length);
    });

    it.each([429, 500, 503])('are repeated after HTTP %d, and then work', async (status) => {
      let refused = 0;
      let stored = false;
      const endpoint = await serveHttp((request, response) => {
        request.resume().on('end', () => {
          if (request.method === 'HEAD') {
            response.writeHead(stored ? 200 : 404, stored ? { 'content-length': BYTES.length } : {}).end();
          } else if (refused === 0) {
            refused += 1;
            response.writeHead(status).end();
          } else {
            stored = true;
            response.writeHead(200).end();
          }
        });
      });
      expect(await put(openStore(endpoint))).toMatchObject({ created: true });
      expect(refused).toBe(1);
    });

    it('say where to look when the bucket is in another region', async () => {
      const endpoint = await serveHttp((request, response) => {
        request.resume();
        response.writeHead(301).end();
      });
      await expect(openStore(endpoint).stat(KEY)).rejects.toMatchObject({
        code: 'object-store-unavailable',
        retryable: false,
        message: expect.stringContaining('region'),
      });
    });
  });

  describe('downloads', () => {
    it('fail as unavailable when the connection breaks in the middle, and whole reads are repeated', async () => {
      let cuts = 0;
      let maxCuts = 0;
      const proxy = keep(
        await startProxy(server.endpoint, {
          onDownstreamBytes: (total, cut) => {
            if (total > 1_000_000 && cuts < maxCuts) {
              cuts += 1;
              cut();
            }
          },
        }),
      );
      const store = openStore(proxy.endpoint);
      await put(store);
      maxCuts = 1;
      const { stream } = await store.open(KEY);
      await expect(collect(stream)).rejects.toMatchObject({ code: 'object-store-unavailable', retryable: true });
      maxCuts = 2;
      expect((await store.hash(KEY)).sha256).toBe(sha256Of(BYTES));
      maxCuts = 3;
      expect((await store.readBytes(KEY, BYTES.length)).equals(BYTES)).toBe(true);
      maxCuts = 4;
      const copied = await store.withLocalFile(KEY, scratch.path, async (path) => sha256Of(await readFile(path)));
      expect(copied).toBe(sha256Of(BYTES));
      expect(cuts).toBe(4);
      maxCuts = 100;
      const failing = store.withLocalFile(KEY, `${scratch.path}/copies`, async () => 'never');
      await expect(failing).rejects.toMatchObject({ code: 'object-store-unavailable' });
    });

    it('fail when the server falls silent in the middle', async () => {
      let stallFrom = Infinity;
      const proxy = keep(
        await startProxy(server.endpoint, {
          onDownstreamBytes: (total, _, stall) => {
            if (total > stallFrom) stall();
          },
        }),
      );
      await put(openStore(proxy.endpoint, { prefix: 'stalled' }));
      stallFrom = 1_000_000;
      // Long enough for the head of the answer, which must come.
      const { stream } = await openStore(proxy.endpoint, { prefix: 'stalled', idleTimeoutMs: 2_000 }).open(KEY);
      await expect(collect(stream)).rejects.toMatchObject({ code: 'object-store-unavailable', retryable: true });
    });
  });

  it('lists across pages', async () => {
    const store = openStore(server.endpoint, { listPageSize: 3 });
    const keys = Array.from({ length: 10 }, (_, index) => `page/${index}`);
    for (const key of keys) await store.putBytes(key, Buffer.from(key));
    expect((await collect(store.list('page/'))).map((object) => object.key)).toEqual(keys);
  });

  it('does not list names that are no keys', async () => {
    const endpoint = await serveHttp((_, response) => {
      const names = ['folder/', 'a//b', '.hidden', 'good'];
      const contents = names.map((name) => `<Contents><Key>${name}</Key><Size>1</Size></Contents>`).join('');
      response.end(
        `<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>${contents}</ListBucketResult>`,
      );
    });
    const store = openStore(endpoint, { prefix: '' });
    expect((await collect(store.list(''))).map((object) => object.key)).toEqual(['good']);
  });

  it('closes without having been used, and twice', async () => {
    const store = openStore(server.endpoint);
    await store.close();
    await store.close();
  });
});
