import { spawn } from 'node:child_process';

const forwarded = ['SIGTERM', 'SIGINT', 'SIGHUP'];

/**
 * Starts a program and hands the termination signals of this process on to it until it has ended. A terminal sends
 * Ctrl-C to both, and npm passes on what it gets, so the same signal is forwarded at most once a second.
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 * @returns {{ child: import('node:child_process').ChildProcess, ended: Promise<{ code: number | null, signal: NodeJS.Signals | null }> }}
 *   `ended` rejects when the program cannot be started
 */
export function spawnForwarding(command, args, options) {
  const child = spawn(command, args, options);
  const lastSentMs = new Map();
  const forward = (signal) => {
    const now = performance.now();
    if (now - (lastSentMs.get(signal) ?? -Infinity) < 1_000) return;
    lastSentMs.set(signal, now);
    child.kill(signal);
  };
  for (const signal of forwarded) process.on(signal, forward);
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  }).finally(() => {
    for (const signal of forwarded) process.off(signal, forward);
  });
  return { child, ended };
}

/**
 * Runs a program without input to its end and keeps what it says.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ code: number | null, signal: NodeJS.Signals | null, output: string, stdout: string }>} `output` is
 *   both streams in the order they came; a program that cannot be started is code 127 with the reason as its output
 */
export async function capture(command, args, options = {}) {
  const { child, ended } = spawnForwarding(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    output += text;
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text) => (output += text));
  try {
    return { ...(await ended), output, stdout };
  } catch (error) {
    return { code: 127, signal: null, output: error.message, stdout: '' };
  }
}

/**
 * Ends this process the way its child ended: with its exit code, or by the signal that ended it.
 * @param {{ code: number | null, signal: NodeJS.Signals | null }} end
 */
export function endLike({ code, signal }) {
  if (signal === null) process.exit(code ?? 1);
  process.kill(process.pid, signal);
  // A signal without a default action that ends a process.
  setTimeout(() => process.exit(1), 1_000);
}
