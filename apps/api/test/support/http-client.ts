/** A client over a real socket, with a cookie jar of one cookie. */
export class HttpClient {
  private cookie: string | undefined;

  constructor(private readonly baseUrl: string) {}

  /** The same person at another address: a server that was started again. */
  at(baseUrl: string): HttpClient {
    const client = new HttpClient(baseUrl);
    client.cookie = this.cookie;
    return client;
  }

  async get(path: string): Promise<Response> {
    return this.send('GET', path);
  }

  async post(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return this.send('POST', path, body, headers);
  }

  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const bytes = Buffer.isBuffer(body);
    const answer = await fetch(new URL(path, this.baseUrl), {
      method,
      headers: {
        ...(this.cookie ? { cookie: this.cookie } : {}),
        ...(body === undefined ? {} : { 'content-type': bytes ? 'application/octet-stream' : 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : bytes ? new Uint8Array(body) : JSON.stringify(body),
    });
    const session = answer.headers.getSetCookie().find((cookie) => cookie.startsWith('mosis_session='));
    if (session) this.cookie = session.split(';')[0];
    return answer;
  }
}

/** Signs in an account that exists. */
export async function signInOverHttp(baseUrl: string, email: string, password: string): Promise<HttpClient> {
  const client = new HttpClient(baseUrl);
  const answer = await client.post('/v1/auth/login', { email, password });
  if (answer.status !== 200) throw new Error(`Sign-in failed: ${await answer.text()}`);
  return client;
}
