import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';

/** An answer, its body parsed. */
export interface Answer {
  status: number;
  headers: LightMyRequestResponse['headers'];
  // Tests look into answers without types: what they expect is what they assert.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any;
  bytes: Buffer;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS';

/** An HTTP client with at most one credential: a cookie jar or an API key. */
export class Client {
  private cookie: string | undefined;
  private key: string | undefined;

  constructor(private readonly fastify: FastifyInstance) {}

  /** A copy of this client that sends an API key instead of a cookie. */
  withKey(key: string): Client {
    const client = new Client(this.fastify);
    client.key = key;
    return client;
  }

  /** The session cookie's value, if signed in. */
  get session(): string | undefined {
    return this.cookie?.split('=')[1];
  }

  async get(url: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('GET', url, undefined, headers);
  }
  async post(url: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', url, body, headers);
  }
  async put(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('PUT', url, body, headers);
  }
  async patch(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('PATCH', url, body, headers);
  }
  async delete(url: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('DELETE', url, undefined, headers);
  }

  /** Sends a request; a Buffer goes as it is (application/octet-stream unless a header says otherwise), else JSON. */
  async send(method: Method, url: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const request: InjectOptions = { method, url, headers: { ...this.credential(), ...headers } };
    if (Buffer.isBuffer(body)) {
      // A copy, as a network makes one: the memory of what arrived is given back as soon as it is on disk.
      request.payload = Buffer.from(body);
      request.headers = { 'content-type': 'application/octet-stream', ...request.headers };
    } else if (body !== undefined) request.payload = body as object;
    const response = await this.fastify.inject(request);
    this.remember(response);
    return {
      status: response.statusCode,
      headers: response.headers,
      body: parse(response),
      bytes: response.rawPayload,
    };
  }

  private credential(): Record<string, string> {
    if (this.key !== undefined) return { authorization: `Bearer ${this.key}` };
    return this.cookie === undefined ? {} : { cookie: this.cookie };
  }

  private remember(response: LightMyRequestResponse): void {
    const session = response.cookies.find((cookie) => cookie.name === 'mosis_session');
    if (session) this.cookie = session.value === '' ? undefined : `mosis_session=${session.value}`;
  }
}

function parse(response: LightMyRequestResponse): unknown {
  const type = String(response.headers['content-type'] ?? '');
  return type.includes('json') && response.payload !== ''
    ? (JSON.parse(response.payload) as unknown)
    : response.payload;
}
