import { gunzipSync } from 'node:zlib';
import type { Page, Platform } from '../../src/platform.js';

export interface SentBody extends Record<string, unknown> {
  batch_id: string;
  session_id: string;
  events: { type: string; timestamp: string; data?: Record<string, unknown> }[];
  dropped?: Record<string, number>;
}

/** A request as the server of a test sees it. */
export interface SeenRequest {
  path: string;
  headers: Record<string, string>;
  /** Inflated. */
  text: string;
  body: SentBody;
  keepAlive: boolean;
  signal: AbortSignal;
}

export type Answer = (request: SeenRequest) => Promise<Response> | Response;

/** A wall clock that moves when told to, timers that hang on it, and a server that is a function. */
export class FakePlatform implements Platform {
  nowMs = Date.parse('2026-11-20T10:00:00Z');
  randomValue = 0.5;
  requests: SeenRequest[] = [];
  answer: Answer = accept;
  page: Page = new EventTarget();
  private readonly timers = new Set<{ atMs: number; run: () => void }>();
  private ids = 0;

  now = (): number => this.nowMs;
  random = (): number => this.randomValue;
  uuid = (): string => `00000000-0000-4000-8000-${String(++this.ids).padStart(12, '0')}`;

  schedule = (run: () => void, delayMs: number): (() => void) => {
    const timer = { atMs: this.nowMs + delayMs, run };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  };

  fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const headers = init.headers as Record<string, string>;
    const bytes = Buffer.from(await (init.body as Blob).arrayBuffer());
    const text = (headers['Content-Encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
    const request: SeenRequest = {
      path: new URL(url).pathname,
      headers,
      text,
      body: JSON.parse(text) as SentBody,
      keepAlive: init.keepalive === true,
      signal: init.signal!,
    };
    this.requests.push(request);
    const aborted = new Promise<never>((_, reject) => {
      request.signal.addEventListener('abort', () => reject(new Error('aborted')));
    });
    return Promise.race([Promise.resolve(this.answer(request)), aborted]);
  };

  get batches(): SeenRequest[] {
    return this.requests.filter((request) => request.path.endsWith('/batches'));
  }

  get heartbeats(): SeenRequest[] {
    return this.requests.filter((request) => request.path.endsWith('/heartbeats'));
  }

  /** Moves the clock, running every timer at its time, and lets what it started come to rest. */
  async advance(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    for (;;) {
      await settle();
      const due = [...this.timers].filter((timer) => timer.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (!due) break;
      this.timers.delete(due);
      this.nowMs = Math.max(this.nowMs, due.atMs);
      due.run();
    }
    this.nowMs = endMs;
    await settle();
  }
}

/** Lets pending promises, streams and the thread pool's gzip run; turns of the event loop, not time. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export const json = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers });

/** A refusal as the server words it. */
export const problem = (status: number, code = 'why'): Response =>
  json(status, { status, code }, { 'content-type': 'application/problem+json; charset=utf-8' });

/** A server that takes everything. */
export function accept({ path, body }: SeenRequest): Response {
  if (path.endsWith('/heartbeats')) return new Response(null, { status: 204 });
  return json(200, { batch_id: body.batch_id, accepted: body.events.length, rejected: [], duplicate: false });
}

/** Never answers; the request ends when it is broken off. */
export const hang = (): Promise<Response> => new Promise(() => undefined);
