import { createHash } from 'node:crypto';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** The ways in which a request can go wrong between a device and the server. */
export const FAULTS = [
  'refused',
  'lost before the server',
  'request cut short',
  'answer lost',
  'answer cut short',
  'gateway error after processing',
  'overloaded',
  'overloaded until a date',
  'too many requests',
  'hangs before the server',
  'hangs after the server',
] as const;
export type Fault = (typeof FAULTS)[number];

export interface FailingProxyOptions {
  /** Where requests go that are let through, such as `http://127.0.0.1:3000`. */
  target: string;
  /** From 0 to below 1; decides what goes wrong. */
  random: () => number;
  /** Share of the requests that go wrong. Default 0.5; may be changed while it runs. */
  failureRate?: number;
  /** Default all of them. */
  faults?: readonly Fault[];
}

/** A real HTTP proxy on a port of its own that spoils a share of the requests, and remembers what passed. */
export class FailingProxy {
  failureRate: number;
  /** Called when a request is left without an answer: the moment for its sender to run out of patience. */
  onHang: () => void = () => undefined;
  readonly seen = new Map<Fault | 'passed', number>();
  /** SHA-256 of every inflated body that came, by batch id; torn ones left out. More than one is a broken promise. */
  readonly bodiesByBatch = new Map<string, Set<string>>();
  private readonly server: Server;
  private readonly target: URL;
  private readonly deck: Fault[] = [];

  constructor(private readonly options: FailingProxyOptions) {
    this.target = new URL(options.target);
    this.failureRate = options.failureRate ?? 0.5;
    this.server = createServer((request, response) => {
      this.handle(request, response).catch(() => request.socket.destroy());
    });
  }

  /** Listens on a free port of the loopback address and answers with its URL. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const fault = this.options.random() < this.failureRate ? this.drawFault() : undefined;
    this.seen.set(fault ?? 'passed', (this.seen.get(fault ?? 'passed') ?? 0) + 1);
    if (fault === 'refused') return void request.socket.destroy();

    const body = await readBody(request);
    this.remember(request, body);
    switch (fault) {
      case undefined:
        return this.pass(request, response, body);
      case 'lost before the server':
        return void request.socket.destroy();
      case 'request cut short':
        await this.forwardHalf(request, body);
        return void request.socket.destroy();
      case 'overloaded':
        return answer(response, 503, { 'retry-after': '1' });
      case 'overloaded until a date':
        return answer(response, 503, { 'retry-after': new Date(Date.now() + 1000).toUTCString() });
      case 'too many requests':
        return answer(response, 429, { 'retry-after': '2' });
      case 'hangs before the server':
        return this.onHang();
      default:
        return this.spoilAnswer(request, response, body, fault);
    }
  }

  /** From a deck that is used up before it is shuffled again: each fault comes as often as any other, in few requests. */
  private drawFault(): Fault {
    const { random, faults = FAULTS } = this.options;
    if (this.deck.length === 0) this.deck.push(...faults);
    return this.deck.splice(Math.floor(random() * this.deck.length), 1)[0]!;
  }

  private async spoilAnswer(
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
    fault: Fault,
  ): Promise<void> {
    const reply = await this.forward(request, body);
    if (fault === 'answer lost') return void request.socket.destroy();
    if (fault === 'gateway error after processing') return answer(response, 502, {});
    if (fault === 'hangs after the server') return this.onHang();
    response.writeHead(reply.status, { ...reply.headers, 'content-length': String(reply.body.length) });
    response.write(reply.body.subarray(0, Math.floor(reply.body.length / 2)), () => request.socket.destroy());
  }

  private remember(request: IncomingMessage, body: Buffer): void {
    if (!request.url?.endsWith('/batches')) return;
    const inflated = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
    const id = (JSON.parse(inflated.toString()) as { batch_id: string }).batch_id;
    const hashes = this.bodiesByBatch.get(id) ?? new Set();
    this.bodiesByBatch.set(id, hashes.add(createHash('sha256').update(inflated).digest('hex')));
  }

  private async pass(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
    const reply = await this.forward(request, body);
    response.writeHead(reply.status, reply.headers);
    response.end(reply.body);
  }

  private async forward(
    request: IncomingMessage,
    body: Buffer,
  ): Promise<{ status: number; headers: Record<string, string>; body: Buffer }> {
    const reply = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = {
        ...request.headers,
        host: this.target.host,
        'content-length': body.length,
        connection: 'close',
      };
      delete headers['transfer-encoding' as keyof typeof headers];
      const onward = httpRequest(new URL(request.url!, this.target), { method: request.method, headers, agent: false });
      onward.on('response', resolve).on('error', reject).end(body);
    });
    const headers: Record<string, string> = {};
    for (const name of ['content-type', 'retry-after', 'date']) {
      const value = reply.headers[name];
      if (typeof value === 'string') headers[name] = value;
    }
    return { status: reply.statusCode!, headers, body: await readBody(reply) };
  }

  /** Sends the head and half of the body, then breaks the connection. */
  private async forwardHalf(request: IncomingMessage, body: Buffer): Promise<void> {
    const names = ['content-type', 'content-encoding', 'x-ingest-key', 'x-sent-at'];
    const headers = names.flatMap((name) =>
      request.headers[name] ? [`${name}: ${String(request.headers[name])}`] : [],
    );
    const head = [
      `${request.method} ${request.url} HTTP/1.1`,
      `host: ${this.target.host}`,
      `content-length: ${body.length}`,
      ...headers,
    ].join('\r\n');
    await new Promise<void>((resolve) => {
      const socket = connect(Number(this.target.port || 80), this.target.hostname, () => {
        socket.write(`${head}\r\n\r\n`);
        socket.write(body.subarray(0, Math.floor(body.length / 2)), () => socket.destroy());
      });
      socket.on('close', () => resolve()).on('error', () => resolve());
    });
  }
}

async function readBody(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function answer(response: ServerResponse, status: number, headers: Record<string, string>): void {
  response.writeHead(status, { 'content-type': 'application/problem+json', ...headers });
  response.end('{"code":"unavailable"}');
}
