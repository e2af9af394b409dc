import type { TelemetryOptions } from './options.js';
import type { Platform } from './platform.js';

/** What a request came to. */
export interface Answer {
  /** The HTTP status; 0 when there was no whole answer. */
  status: number;
  text?: string;
  /** The JSON of a 2xx. */
  receipt?: { accepted?: number; duplicate?: boolean };
  retryAfterMs?: number;
}

const GZIP_FROM_BYTES = 1024;
/** Browsers refuse more than 64 KiB in requests that outlive their page. */
const KEEPALIVE_MAX_BYTES = 60_000;

/** The server will never take it. 401 and 403 are about the key, 408 and 429 about now. */
export const isRejection = (status: number): boolean =>
  status >= 400 && status < 500 && ![401, 403, 408, 429].includes(status);

/** As the server says why not, and hardly anybody else does: a problem (RFC 9457) with a code. */
const isProblem = (type: string | null, text: string): boolean =>
  /^application\/problem\+json\b/i.test(type ?? '') &&
  typeof (JSON.parse(text) as { code?: unknown }).code === 'string';

export type Transport = ReturnType<typeof createTransport>;

/** The requests of the SDK. */
export function createTransport(
  { endpoint, ingestKey, requestTimeoutMs = 30_000 }: TelemetryOptions,
  { now, fetch, schedule }: Platform,
) {
  const base = endpoint.replace(/\/+$/, '');
  const underWay = new Set<AbortController>();

  /** Never rejects. */
  async function post(path: string, body: string): Promise<Answer> {
    const abort = new AbortController();
    const stopTimer = schedule(() => abort.abort(), requestTimeoutMs);
    underWay.add(abort);
    try {
      let sent = new Blob([body]);
      const packed = sent.size > GZIP_FROM_BYTES && 'CompressionStream' in globalThis;
      if (packed) sent = await new Response(sent.stream().pipeThrough(new CompressionStream('gzip'))).blob();
      const response = await fetch(`${base}/v1/telemetry/${path}`, {
        method: 'POST',
        body: sent,
        headers: {
          'Content-Type': 'application/json',
          'X-Ingest-Key': ingestKey,
          'X-Sent-At': new Date(now()).toISOString(),
          ...(packed && { 'Content-Encoding': 'gzip' }),
        },
        credentials: 'omit',
        // A redirected POST becomes a GET, and who redirects is not the server but a hotel's login page.
        redirect: 'error',
        keepalive: sent.size < KEEPALIVE_MAX_BYTES,
        signal: abort.signal,
      });
      const text = await response.text();
      const { ok, status, headers } = response;
      // Only the server ends a batch. The 404 of a proxy or a gateway, in JSON of its own, and a login page are no answer.
      if (isRejection(status) && !isProblem(headers.get('content-type'), text)) return { status: 0 };
      const asked = headers.get('retry-after')!;
      return {
        status,
        text,
        // Anything that is no receipt, a login page with 200 for example, is no answer either: it does not parse.
        receipt: ok ? (JSON.parse(text) as Answer['receipt']) : undefined,
        // A date counts from the server's own, since the device's clock may be wrong.
        retryAfterMs: Number(asked) * 1000 || Date.parse(asked) - (Date.parse(headers.get('date')!) || now()) || 0,
      };
    } catch {
      return { status: 0 };
    } finally {
      stopTimer();
      underWay.delete(abort);
    }
  }

  return { post, abortAll: () => underWay.forEach((abort) => abort.abort()) };
}
