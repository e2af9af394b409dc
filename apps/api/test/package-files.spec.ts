import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { startS3Server, type S3Server } from '../../../libs/object-store/test/support/s3-server.js';
import { PackageFileReader } from '../src/versions/package-file-reader.js';
import { createPublisher, upload, type Publisher } from './support/actors.js';
import { TestPlatform } from './support/platform.js';
import { versionUrl } from './support/steps.js';

const MIB = 1024 * 1024;
const AT_ONCE = 10;
/** Passes connections on to a server, and notes which requests begin on them. */
async function listenBefore(endpoint: string, requests: string[]): Promise<Server> {
  const { hostname, port } = new URL(endpoint);
  const relay = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    client.on('data', (chunk: Buffer) => requests.push(...(/^[A-Z]+ \/\S+/.exec(chunk.toString('latin1')) ?? [])));
    client.pipe(upstream).pipe(client);
    client.on('close', () => upstream.destroy()).on('error', () => {});
    upstream.on('close', () => client.destroy()).on('error', () => {});
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  return relay;
}

const patient = new AbortController().signal;

describe('a file of a package that lies in S3', () => {
  const large = randomBytes(8 * MIB);
  const requests: string[] = [];
  let server: S3Server;
  let relay: Server;
  let platform: TestPlatform;
  let publisher: Publisher;
  let url: string;
  let sha256: string;
  beforeAll(async () => {
    server = await startS3Server();
    relay = await listenBefore(server.endpoint, requests);
    platform = await TestPlatform.start({
      OBJECT_STORE_URL: `s3://${server.bucket}/store`,
      S3_ENDPOINT: `http://127.0.0.1:${(relay.address() as AddressInfo).port}`,
      S3_ACCESS_KEY_ID: server.accessKeyId,
      S3_SECRET_ACCESS_KEY: server.secretAccessKey,
    });
    publisher = await createPublisher(platform);
    sha256 = (await upload(publisher, { files: { 'large.bin': large } })).body.package_sha256;
    url = `${versionUrl(publisher, 1)}/files`;
  });
  afterAll(async () => {
    await platform.stop();
    relay.close();
    await server.kill();
  });

  const countCopies = () => readdirSync(join(platform.settings.dataDir, 'tmp')).length;
  const copiesAreGone = async () => {
    while (countCopies() > 0) await setImmediate();
  };
  const openLarge = async (patience?: { stalledMs: number; wholeMs: number }) => {
    const { content } = await platform.app.get(PackageFileReader).open(sha256, 'large.bin', patient, patience);
    return content as Readable;
  };

  it('is sent whole, with its size, and leaves no copy of the package behind', async () => {
    const answer = await publisher.client.get(`${url}/large.bin`);
    expect([answer.status, answer.headers['content-length']]).toEqual([200, String(large.length)]);
    expect(answer.bytes.equals(large)).toBe(true);
    await copiesAreGone();
    const small = await publisher.client.get(`${url}/main.rml`);
    expect([small.bytes.toString(), small.headers['content-length'], countCopies()]).toEqual(['<rml/>\n', '7', 0]);
  });

  it('is not fetched to answer HEAD, nor is its package', async () => {
    const before = requests.length;
    const size = (await publisher.client.get(versionUrl(publisher, 1))).body.package_size;
    const heads = [
      await publisher.client.send('HEAD', `${url}/large.bin`),
      await publisher.client.send('HEAD', `${versionUrl(publisher, 1)}/package`),
    ];
    expect(heads.map(({ status, headers }) => [status, headers['content-length']])).toEqual([
      [200, String(large.length)],
      [200, String(size)],
    ]);
    const asked = requests.slice(before).map((request) => request.split(' ')[0]);
    expect(asked).toEqual(['HEAD', 'HEAD']);
  });

  it('is not gathered in memory for a client that reads nothing, and its copy goes with the client', async () => {
    await platform.app.listen(0, '127.0.0.1');
    const { server: http } = platform.app.getHttpAdapter().getInstance();
    const served: Socket[] = [];
    http.on('connection', (socket: Socket) => served.push(socket));
    const { port } = http.address() as AddressInfo;
    const clients = Array.from({ length: 3 }, () => connect(port, '127.0.0.1'));
    for (const client of clients) {
      client.write(
        `GET ${url}/large.bin HTTP/1.1\r\nHost: x\r\nCookie: mosis_session=${publisher.client.session}\r\n\r\n`,
      );
      const [head] = (await once(client, 'data')) as [Buffer];
      client.pause();
      expect(head.toString('latin1')).toContain(`content-length: ${large.length}`);
    }
    for (const socket of served) expect(socket.writableLength).toBeLessThan(MIB);
    expect(countCopies()).toBe(3);
    for (const client of clients) client.destroy();
    await copiesAreGone();
  });

  it('is opened for so many at a time, while others wait and ask for heads', async () => {
    const opened = await Promise.all(Array.from({ length: AT_ONCE }, () => openLarge()));
    const next = openLarge();
    const get = await publisher.client.send('HEAD', `${url}/large.bin`);
    expect([get.status, get.headers['content-length'], countCopies()]).toEqual([200, String(large.length), AT_ONCE]);
    opened[0]?.destroy();
    opened[0] = await next;
    for (const stream of opened) stream.destroy();
    await copiesAreGone();
  });

  it('is left when nobody takes anything of it, or takes it too slowly', async () => {
    const stalled = await openLarge({ stalledMs: 1, wholeMs: 60_000 });
    await expect(once(stalled, 'end')).rejects.toThrow('Nothing was taken');
    const slow = await openLarge({ stalledMs: 60_000, wholeMs: -1 });
    await expect(slow.toArray()).rejects.toThrow('too slowly');
    await copiesAreGone();
  });
});
