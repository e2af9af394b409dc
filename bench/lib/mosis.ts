import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { plainEnvironment } from './environment.ts';

const MAIN = fileURLToPath(new URL('../../apps/api/dist/main.js', import.meta.url));

/** Runs a command of the command line to its end, and answers how many seconds it took. @throws with what it said */
export async function runMosis(args: string[], environment: Record<string, string>): Promise<number> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: plainEnvironment({ NODE_ENV: 'production', ...environment }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`mosis ${args.join(' ')} ended with ${code}:\n${output}`);
  return (performance.now() - startedMs) / 1000;
}
