import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Runs a script of this folder, written in TypeScript, in a process of its own. */
export function forkScript(name: string, input: unknown): ChildProcess {
  const register = new URL('./register-typescript.mjs', import.meta.url).href;
  return fork(fileURLToPath(new URL(`./${name}`, import.meta.url)), [JSON.stringify(input)], {
    execArgv: ['--no-warnings', '--import', register],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
}
