import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { plainEnvironment } from './environment.ts';

const MAIN = fileURLToPath(new URL('../../apps/api/dist/main.js', import.meta.url));

/** How a command of the command line ended. */
export interface MosisRun {
  seconds: number;
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a command of the command line to its end, however that is. */
export async function tryMosis(args: string[], environment: Record<string, string>): Promise<MosisRun> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: plainEnvironment({ NODE_ENV: 'production', ...environment }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
  }
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { ...texts, code, seconds: (performance.now() - startedMs) / 1000 };
}

/** Runs a command of the command line, and answers how many seconds it took. @throws with what it said when it fails */
export async function runMosis(args: string[], environment: Record<string, string>): Promise<number> {
  const { seconds, code, stdout, stderr } = await tryMosis(args, environment);
  if (code !== 0) throw new Error(`mosis ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
  return seconds;
}
