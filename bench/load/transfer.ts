import { createReadStream, statSync } from 'node:fs';
import { request } from 'node:http';
import { pipeline } from 'node:stream/promises';

/** Whom a file goes to or comes from. */
export interface Peer {
  port: number;
  path: string;
  headers?: Record<string, string>;
}

/** Sends a file as the body of a POST; answers the milliseconds until the answer is read. @throws for any but 201 */
export async function uploadFile({ port, path, headers = {} }: Peer, file: string): Promise<number> {
  const startedMs = performance.now();
  const sent = request({
    host: '127.0.0.1',
    port,
    path,
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream', 'content-length': statSync(file).size, ...headers },
  });
  const answered = new Promise<void>((resolve, reject) => {
    sent.once('error', reject).once('response', (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part));
      answer.once('error', reject).once('end', () => {
        if (answer.statusCode === 201) resolve();
        else reject(new Error(`${path}: ${answer.statusCode} ${text.slice(0, 300)}`));
      });
    });
  });
  await Promise.all([answered, pipeline(createReadStream(file), sent)]);
  return performance.now() - startedMs;
}

/** Gets a file and lets its bytes go; answers milliseconds. @throws for any answer but 200, and when bytes are missing */
export async function download({ port, path, headers = {} }: Peer, expectedBytes: number): Promise<number> {
  const startedMs = performance.now();
  const bytes = await new Promise<number>((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, headers }, (answer) => {
      let received = 0;
      answer.on('data', (part: Buffer) => (received += part.length));
      answer.once('error', reject).once('end', () => {
        if (answer.statusCode === 200) resolve(received);
        else reject(new Error(`${path}: ${answer.statusCode}`));
      });
    });
    sent.once('error', reject).end();
  });
  if (bytes !== expectedBytes) throw new Error(`${path}: ${bytes} bytes came instead of ${expectedBytes}.`);
  return performance.now() - startedMs;
}
