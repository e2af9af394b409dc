/**
 * The baseline of ingest: node:http, one worker thread, better-sqlite3, and nothing else. It does the same durable work
 * (inflate, parse, a ledger row, the raw rows, a synced commit) and leaves out what a product needs: keys, limits,
 * validation, roll-ups, problem documents.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import type { BareUpload } from './bare-writer.ts';

const MAX_CHUNK = 192;

interface Waiting {
  upload: BareUpload;
  answer: (accepted: number) => void;
}

const { dataDir, grouped } = JSON.parse(process.argv[2] ?? '{}') as { dataDir: string; grouped: boolean };
const writer = new Worker(new URL('./bare-writer.ts', import.meta.url), { workerData: { dataDir, grouped } });
let waiting: Waiting[] = [];
let inFlight: Waiting[] | undefined;

writer.on('message', (accepted: number[]) => {
  const chunk = inFlight ?? [];
  inFlight = undefined;
  pump();
  chunk.forEach(({ answer }, index) => answer(accepted[index] as number));
});

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    waiting.push({
      upload: { body: Buffer.concat(chunks), gzip: request.headers['content-encoding'] === 'gzip' },
      answer: (accepted) => {
        const body = JSON.stringify({ accepted, rejected: [], duplicate: false });
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
        response.end(body);
      },
    });
    pump();
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit(0));

function pump(): void {
  if (inFlight || waiting.length === 0) return;
  inFlight = waiting.slice(0, MAX_CHUNK);
  waiting = waiting.slice(MAX_CHUNK);
  writer.postMessage(inFlight.map(({ upload }) => upload));
}
