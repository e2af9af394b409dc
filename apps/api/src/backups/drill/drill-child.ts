import { fork, type ChildProcess } from 'node:child_process';
import { compiledModulePath } from '@mosis/sqlite/connection';
import type { DrillFindings, DrillMessage, DrillOrder, DrillRequest } from './drill.types.js';

const MEMORY_MB = 256;

export interface DrillChildOptions {
  request: DrillRequest;
  /** It is killed with everything that it started when it takes longer. */
  deadlineMs: number;
  /** Ends it before that. */
  signal: AbortSignal;
  /** Called once the live tables are counted; what it resolves with lets the restore begin. */
  onCounted: () => Promise<void>;
  onMessage: (message: DrillMessage) => void;
}

/**
 * Runs a verification in a process group of its own.
 *
 * @throws when it ends without a result, at the deadline, or what `onCounted` throws
 */
export async function runDrillChild({
  request,
  deadlineMs,
  signal,
  onCounted,
  onMessage,
}: DrillChildOptions): Promise<DrillFindings> {
  const child = fork(compiledModulePath(import.meta.url, './drill.process.js'), {
    detached: true,
    execArgv: [`--max-old-space-size=${MEMORY_MB}`],
    env: {},
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const send = (order: DrillOrder) => child.send(order);
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<DrillFindings>((resolve, reject) => {
      timer = setTimeout(
        () =>
          reject(
            new Error(`The verification took longer than ${Math.round(deadlineMs / 60_000)} minutes and was ended.`),
          ),
        deadlineMs,
      );
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      child.once('error', reject);
      child.once('exit', (code, signal) =>
        reject(new Error(`The verification's process ended without a result (${signal ?? code}).`)),
      );
      child.on('message', (message: DrillMessage) => {
        if (message.kind === 'counted') onCounted().then(() => send({ kind: 'marked' }), reject);
        else if (message.kind === 'done') resolve(message.findings);
        else if (message.kind === 'failed') reject(new Error(message.message));
        else onMessage(message);
      });
      send({ kind: 'begin', request });
    });
  } finally {
    clearTimeout(timer);
    await endGroup(child);
  }
}

async function endGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const ended =
    child.exitCode !== null || child.signalCode !== null
      ? Promise.resolve()
      : new Promise<void>((resolve) => child.once('exit', () => resolve()));
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended, and everything that it started.
  }
  await ended;
}
