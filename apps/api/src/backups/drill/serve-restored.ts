import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { compiledModulePath } from '@mosis/sqlite/connection';

const START_WITHIN_MS = 5 * 60_000;
const ANSWER_WITHIN_MS = 60_000;

/** Starts a server that only reads on restored data, asks its store one question, and ends it. */
export async function serveRestored(
  dataDir: string,
  publishedApps: number,
): Promise<{ seconds: number; failures: string[] }> {
  const startedMs = performance.now();
  const main = compiledModulePath(import.meta.url, '../../main.js');
  const child = spawn(process.execPath, [main, 'serve', '--read-only'], {
    // Nothing of the live server's settings: this one needs no object store, no mail, no backup.
    env: { DATA_DIR: dataDir, HOST: '127.0.0.1', PORT: '0', NODE_ENV: 'production', LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-2_000)));
  const giveUp = setTimeout(() => child.kill('SIGKILL'), START_WITHIN_MS);
  try {
    const url = await findAddress(child.stdout);
    if (url === undefined)
      return {
        seconds: 0,
        failures: [`A server does not start on what came back: ${errors.trim() || 'it said nothing'}`],
      };
    const answer = await fetch(`${url}/v1/store/apps?limit=1`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    const body = (await answer.json()) as { items?: unknown[] };
    const seconds = (performance.now() - startedMs) / 1000;
    const found = body.items?.length ?? 0;
    if (answer.status !== 200 || found !== Math.min(publishedApps, 1))
      return {
        seconds,
        failures: [
          `A server on what came back answers a question to the store with ${answer.status} and ${found} apps.`,
        ],
      };
    return { seconds, failures: [] };
  } catch (error) {
    return { seconds: 0, failures: [`A server on what came back does not answer: ${(error as Error).message}`] };
  } finally {
    clearTimeout(giveUp);
    child.kill('SIGKILL');
    await ended;
  }
}

/** Reads the log up to the line that says where the server listens, and goes on reading what follows. */
async function findAddress(output: NodeJS.ReadableStream): Promise<string | undefined> {
  return new Promise((resolve) => {
    const lines = createInterface({ input: output });
    lines.on('line', (line) => {
      const url = /serving on (http:\/\/[^\s",]+)/.exec(line)?.[1];
      if (url !== undefined) resolve(url);
    });
    lines.once('close', () => resolve(undefined));
  });
}
