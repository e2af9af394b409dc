import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

interface Receipt {
  batch_id: string;
  accepted: number;
  rejected: { index: number; code: string; detail: string }[];
  dropped: Record<string, number>;
  hash: string;
}

/**
 * A small server that keeps the telemetry contract: a ledger by batch id and body hash, the first answer again for the
 * same bytes, 409 for others. It rejects events of the type `unwanted`, and whole batches that hold a `poison`.
 */
export class ContractServer {
  readonly ledger = new Map<string, Receipt>();
  conflicts = 0;
  heartbeats = 0;
  private readonly server: Server = createServer((request, response) => {
    this.handle(request, response).catch(() => request.socket.destroy());
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  count(field: 'accepted' | 'rejected'): number {
    return [...this.ledger.values()].reduce((sum, receipt) => sum + countOf(receipt[field]), 0);
  }

  dropsReported(): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const { dropped } of this.ledger.values()) {
      for (const [reason, count] of Object.entries(dropped)) sums[reason] = (sums[reason] ?? 0) + count;
    }
    return sums;
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    if (!request.headers['x-ingest-key']) return send(response, 401, { code: 'unknown-key' });
    if (request.url === '/v1/telemetry/heartbeats') {
      this.heartbeats++;
      return void response.writeHead(204).end();
    }
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    const hash = createHash('sha256').update(body).digest('hex');
    const batch = JSON.parse(body.toString()) as { batch_id: string; events: { type: string }[]; dropped?: object };
    const known = this.ledger.get(batch.batch_id);
    if (known && known.hash !== hash) {
      this.conflicts++;
      return send(response, 409, { code: 'batch-id-reused' });
    }
    const fits = batch.events.length >= 1 && batch.events.length <= 500 && body.length <= 1024 * 1024;
    if (!fits || batch.events.some(({ type }) => type === 'poison')) return send(response, 422, { code: 'invalid' });
    const rejected = batch.events.flatMap(({ type }, index) =>
      type === 'unwanted' ? [{ index, code: 'unwanted', detail: 'not wanted here' }] : [],
    );
    const receipt = known ?? {
      batch_id: batch.batch_id,
      accepted: batch.events.length - rejected.length,
      rejected,
      dropped: { ...batch.dropped },
      hash,
    };
    this.ledger.set(batch.batch_id, receipt);
    const { hash: _, dropped: __, ...answer } = receipt;
    send(response, 200, { ...answer, duplicate: known !== undefined, server_time: new Date().toISOString() });
  }
}

const countOf = (value: number | unknown[]): number => (Array.isArray(value) ? value.length : value);

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' });
  response.end(JSON.stringify(body));
}
