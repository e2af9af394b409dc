import type { Settings } from './options.js';
import type { Platform } from './platform.js';
import { parseObject } from './text.js';

/** What a request came to. */
export type Outcome =
  | { kind: 'accepted'; accepted: number; duplicate: boolean }
  /** 401 or 403: the key is unknown or revoked, the app suspended, or its quota spent. */
  | { kind: 'refused'; status: number; detail: string }
  /** The server will never take this batch. */
  | { kind: 'invalid'; status: number; detail: string }
  /** No final answer; `status` is 0 when there was none at all. */
  | { kind: 'later'; status: number; retryAfterMs?: number; detail: string };

const GZIP_FROM_BYTES = 1024;
/** Browsers refuse more than 64 KiB in requests that outlive their page. */
const KEEPALIVE_MAX_BYTES = 60_000;
const MAX_DETAIL_CHARS = 300;

/** The requests of the SDK. Never rejects. */
export class Transport {
  private readonly base: string;

  constructor(
    private readonly settings: Settings,
    private readonly platform: Platform,
  ) {
    this.base = settings.endpoint.replace(/\/+$/, '');
  }

  /** Sends a sealed batch of `count` events. `keepAlive` lets the request outlive a browser's page. */
  async sendBatch(
    body: Uint8Array<ArrayBuffer>,
    count: number,
    keepAlive: boolean,
    abort: AbortController,
  ): Promise<Outcome> {
    const packed = body.length > GZIP_FROM_BYTES ? await gzip(body) : undefined;
    const sent = packed ?? body;
    return this.post('/v1/telemetry/batches', abort, {
      body: sent,
      headers: packed && { 'Content-Encoding': 'gzip' },
      keepAlive: keepAlive && sent.length <= KEEPALIVE_MAX_BYTES,
      read: (text) => readReceipt(text, count),
    });
  }

  async sendHeartbeat(body: string, abort: AbortController): Promise<Outcome> {
    return this.post('/v1/telemetry/heartbeats', abort, {
      body,
      read: () => ({ kind: 'accepted', accepted: 0, duplicate: false }),
    });
  }

  private async post(
    path: string,
    abort: AbortController,
    request: {
      body: Uint8Array<ArrayBuffer> | string;
      headers?: Record<string, string>;
      keepAlive?: boolean;
      read: (text: string) => Outcome;
    },
  ): Promise<Outcome> {
    const stopTimer = this.platform.schedule(() => abort.abort(), this.settings.requestTimeoutMs);
    try {
      const response = await this.platform.fetch(this.base + path, {
        method: 'POST',
        body: request.body,
        headers: {
          'Content-Type': 'application/json',
          'X-Ingest-Key': this.settings.ingestKey,
          'X-Sent-At': new Date(this.platform.now()).toISOString(),
          ...request.headers,
        },
        credentials: 'omit',
        cache: 'no-store',
        // A redirected POST becomes a GET, and who redirects is not the server but a hotel's login page.
        redirect: 'error',
        ...(request.keepAlive && { keepalive: true }),
        signal: abort.signal,
      });
      const text = await response.text();
      return response.ok ? request.read(text) : this.classify(response, text.slice(0, MAX_DETAIL_CHARS));
    } catch (error) {
      return { kind: 'later', status: 0, detail: String(error) };
    } finally {
      stopTimer();
    }
  }

  private classify({ status, headers }: Response, detail: string): Outcome {
    if (status === 401 || status === 403) return { kind: 'refused', status, detail };
    if (status >= 400 && status < 500 && status !== 408 && status !== 429) return { kind: 'invalid', status, detail };
    return { kind: 'later', status, retryAfterMs: readRetryAfter(headers, this.platform.now()), detail };
  }
}

/** The answer to a batch. Anything that is not one, a login page with 200 for example, is no answer. */
function readReceipt(text: string, count: number): Outcome {
  const receipt = parseObject(text);
  const accepted = receipt?.accepted;
  if (typeof accepted !== 'number' || !Number.isInteger(accepted) || accepted < 0 || accepted > count) {
    return { kind: 'later', status: 200, detail: 'the answer is no receipt' };
  }
  return { kind: 'accepted', accepted, duplicate: receipt?.duplicate === true };
}

/** `Retry-After` in milliseconds. A date counts from the server's own `Date`, since the device's clock may be wrong. */
export function readRetryAfter(headers: Headers, nowMs: number): number | undefined {
  const value = headers.get('retry-after')?.trim();
  if (!value) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const untilMs = Date.parse(value);
  if (Number.isNaN(untilMs)) return undefined;
  const serverNowMs = Date.parse(headers.get('date') ?? '');
  return Math.max(0, untilMs - (Number.isNaN(serverNowMs) ? nowMs : serverNowMs));
}

/** The gzipped bytes, or undefined where the platform cannot. */
async function gzip(body: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const stream = new Blob([body]).stream().pipeThrough(new CompressionStream('gzip'));
    return new Uint8Array(await new Response(stream as ReadableStream).arrayBuffer());
  } catch {
    return undefined;
  }
}
