/** The process that plays devices: told what to send over its channel, it answers with what it was answered. */
import { makeTemplates, renew, type BatchTemplate, type Encoding, type LoadedApp } from './batches.ts';
import { Connection } from './connection.ts';
import { answerOrders } from './load-process.ts';

/** A load: so many connections, each sending as soon as it was answered, or as many requests a second as `rate` says. */
export interface LoadOrder {
  port: number;
  apps: LoadedApp[];
  connections: number;
  /** Devices, each with one session. */
  devices: number;
  eventsPerBatch: number;
  encoding: Encoding;
  durationMs: number;
  rate?: number;
  seed: number;
}

/** What came of a load. */
export interface LoadResult {
  /** Milliseconds from a request's time to its answer. */
  latenciesMs: Float64Array;
  accepted: number;
  durationMs: number;
  /** Answers other than 200, by status, and `broken` connections. */
  failures: Record<string, number>;
  bytesSent: number;
}

const templates = new Map<string, BatchTemplate[]>();

answerOrders(run);

async function run(order: LoadOrder): Promise<LoadResult> {
  const batches = templatesOf(order);
  const result = { latencies: [] as number[], accepted: 0, failures: {} as Record<string, number>, bytesSent: 0 };
  const connections = await Promise.all(Array.from({ length: order.connections }, () => Connection.open(order.port)));
  let next = 0;
  const startedMs = performance.now();
  const endMs = startedMs + order.durationMs;

  const sendOne = async (connection: Connection, dueMs: number): Promise<void> => {
    const template = batches[next++ % batches.length] as BatchTemplate;
    const body = renew(template);
    result.bytesSent += body.length;
    const { status, body: answer } = await connection.send(headOf(template), body);
    result.latencies.push(performance.now() - dueMs);
    if (status === 200) result.accepted += Number(/"accepted":(\d+)/.exec(answer)?.[1] ?? 0);
    else result.failures[status] = (result.failures[status] ?? 0) + 1;
  };

  const eager = async (connection: Connection): Promise<void> => {
    while (performance.now() < endMs) await sendOne(connection, performance.now());
  };
  // Due times are fixed beforehand, so that a slow answer does not hide the requests it held up.
  let due = 0;
  const paced = async (connection: Connection, rate: number): Promise<void> => {
    for (;;) {
      const dueMs = startedMs + (due++ * 1000) / rate;
      if (dueMs >= endMs) return;
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      await sendOne(connection, dueMs);
    }
  };

  await Promise.all(
    connections.map(async (connection) => {
      try {
        await (order.rate === undefined ? eager(connection) : paced(connection, order.rate));
      } catch {
        result.failures.broken = (result.failures.broken ?? 0) + 1;
      } finally {
        connection.close();
      }
    }),
  );
  const { latencies, ...rest } = result;
  return { ...rest, latenciesMs: Float64Array.from(latencies), durationMs: performance.now() - startedMs };
}

function templatesOf({ apps, devices, eventsPerBatch, encoding, seed }: LoadOrder): BatchTemplate[] {
  const key = JSON.stringify([apps, devices, eventsPerBatch, encoding, seed]);
  let made = templates.get(key);
  if (!made) {
    made = makeTemplates({ apps, count: devices, events: eventsPerBatch, encoding, seed, nowMs: Date.now() });
    templates.set(key, made);
  }
  return made;
}

function headOf({ app, encoding }: BatchTemplate): string {
  return (
    `POST /v1/telemetry/batches HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: keep-alive\r\nx-ingest-key: ${app.key}\r\n` +
    `x-sent-at: ${new Date().toISOString()}\r\ncontent-type: application/json\r\n` +
    (encoding === 'gzip' ? 'content-encoding: gzip\r\n' : '')
  );
}
