import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const compiled = new URL('../../dist/index.js', import.meta.url).href;
const folder = fileURLToPath(new URL('../..', import.meta.url));
const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

/** A Node process that runs `script` with everything of the compiled library in scope. */
export function startNode(script: string, ...parameters: string[]): ChildProcess {
  const source = `const lib = await import(${JSON.stringify(compiled)}); const args = process.argv.slice(1); ${script}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source, ...parameters], {
    cwd: folder,
    env: {},
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  running.push(child);
  return child;
}

/** The first thing that the process prints. */
export async function readFirstOutput(child: ChildProcess): Promise<string> {
  const [chunk] = (await once(child.stdout!, 'data')) as [Buffer];
  return chunk.toString();
}

/** Waits for the end of the process. */
export async function waitForExit(child: ChildProcess): Promise<{ code: number | null; output: string }> {
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}
