import { createConnection } from 'node:net';
import type { AddressInfo } from 'node:net';
import { TestPlatform } from './support/platform.js';
import { expectProblem } from './support/problem.js';

interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: unknown;
}

/** What only shows on a real connection: bytes that no HTTP client would send. */
describe('over a socket', () => {
  let platform: TestPlatform;
  let port: number;
  beforeAll(async () => {
    platform = await TestPlatform.start();
    await platform.app.listen(0, '127.0.0.1');
    port = (platform.app.getHttpServer().address() as AddressInfo).port;
  });
  afterAll(() => platform.stop());

  /** Sends bytes and reads until the server closes; whoever wants that sends `connection: close` where it is heard. */
  async function send(...parts: (string | Buffer)[]): Promise<RawAnswer> {
    const text = await new Promise<string>((resolve, reject) => {
      const chunks: Buffer[] = [];
      const socket = createConnection(port, '127.0.0.1', () => {
        for (const part of parts) socket.write(part);
      });
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('error', reject);
      socket.on('close', () => resolve(Buffer.concat(chunks).toString('utf8')));
    });
    const [head = '', body = ''] = text.split('\r\n\r\n');
    const [statusLine = '', ...lines] = head.split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    return {
      status: Number(/^HTTP\/1\.1 (\d{3}) \S/.exec(statusLine)?.[1]),
      headers,
      body: body === '' ? '' : (JSON.parse(body) as unknown),
    };
  }

  const request = (line: string, ...headers: string[]) =>
    `${line} HTTP/1.1\r\nhost: store.test\r\nconnection: close\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`;

  it.each([
    ['no HTTP at all', 'hello\r\n\r\n', 400, 'request-invalid'],
    ['TLS where HTTP is spoken', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]), 400, 'request-invalid'],
    ['a method that nobody knows', request('FETCH /v1/me'), 400, 'request-invalid'],
    ['a method that Node knows and we do not', request('PROPFIND /v1/me'), 404, 'route-not-found'],
    ['a header without an end', `GET /v1/me HTTP/1.1\r\nhost${'\u0001'}: x\r\n\r\n`, 400, 'request-invalid'],
    ['headers that are too large', request('GET /v1/me', `x-filler: ${'a'.repeat(20_000)}`), 431, 'headers-too-large'],
    ['a length that is no number', request('POST /v1/auth/login', 'content-length: ten'), 400, 'request-invalid'],
    ['two lengths', request('POST /v1/auth/login', 'content-length: 1', 'content-length: 2'), 400, 'request-invalid'],
    [
      'a length and chunks, as request smugglers send',
      request('POST /v1/auth/login', 'content-length: 5', 'transfer-encoding: chunked'),
      400,
      'request-invalid',
    ],
    ['no host', 'GET /v1/me HTTP/1.1\r\nconnection: close\r\n\r\n', 400, 'request-invalid'],
    ['an expectation that is not ours', request('GET /v1/me', 'expect: miracles'), 417, 'expectation-failed'],
    ['a path that leads out of the reference', request('GET /docs/ui/../../../../etc/passwd'), 400, 'request-invalid'],
    ['an escape that is none', request('GET /v1/store/apps/%zz'), 400, 'request-invalid'],
    ['another server’s address', request('GET http://evil.test/nothing'), 404, 'route-not-found'],
  ])('answers %s with a problem document', async (_, bytes, status, code) => {
    const answer = await send(bytes);
    expectProblem(answer, code);
    expect(answer.status).toBe(status);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('answers bytes that are no UTF-8 although their length is not known beforehand', async () => {
    const json = Buffer.from('{"email":"\xff","password":"x"}', 'latin1');
    const answer = await send(
      request('POST /v1/auth/login', 'content-type: application/json', 'transfer-encoding: chunked'),
      `${json.length.toString(16)}\r\n`,
      json,
      '\r\n0\r\n\r\n',
    );
    expectProblem(answer, 'body-unreadable');
  });

  it('says at once that a declared body is too large, and does not wait for it', async () => {
    const answer = await send(
      request('POST /v1/auth/login', 'content-type: application/json', 'content-length: 999999999'),
    );
    expectProblem(answer, 'body-too-large');
    expect(answer.headers.connection).toBe('close');
  });

  it('goes on serving, and logs none of this as its own failure', async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`);
    expect(answer.status).toBe(200);
    expect(platform.log).not.toContain('"level":"error"');
  });
});
