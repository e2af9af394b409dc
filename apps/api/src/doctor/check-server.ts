import { createServer } from 'node:net';
import { findLockHolder, type LockHolder } from '@mosis/sqlite';
import type { Settings } from '../config/settings.js';
import { fail, ok, warn, type Finding } from './finding.js';

const ANSWER_TIMEOUT_MS = 5_000;

/** Whether our server answers, or else whether its port is free. */
export async function checkServer(settings: Settings): Promise<Finding> {
  const holder = findLockHolder(settings.dataDir);
  if (holder?.address !== undefined) return askServer(holder, holder.address);
  if (holder)
    return warn(
      'server',
      `process ${holder.pid} (${holder.command}) owns DATA_DIR and serves nothing`,
      'It starts, or a command works: look again in a minute.',
    );
  return checkPort(settings.host, settings.port);
}

async function askServer({ pid }: LockHolder, address: string): Promise<Finding> {
  const startedAt = performance.now();
  try {
    const answer = await fetch(`${address}/healthz`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    const detail = `process ${pid} on ${address} answers ${answer.status} in ${Math.round(performance.now() - startedAt)} ms`;
    return answer.ok ? ok('server', detail) : fail('server', detail, 'The log says why.');
  } catch (error) {
    return fail(
      'server',
      `process ${pid} on ${address} does not answer: ${(error as Error).message}`,
      'The log may say why; stop it and start it again.',
    );
  }
}

async function checkPort(host: string, port: number): Promise<Finding> {
  const where = `port ${port} of ${host}`;
  const problem = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    const probe = createServer();
    probe.once('error', resolve);
    probe.listen(port, host, () => probe.close(() => resolve(undefined)));
  });
  if (!problem) return ok('server', `does not run; ${port === 0 ? 'any free port will do' : `${where} is free`}`);
  if (problem.code === 'EADDRINUSE')
    return fail('server', `does not run; another program listens on ${where}`, 'Stop that program, or set PORT.');
  if (problem.code === 'EACCES')
    return fail('server', `does not run; ${where} is not for this user`, 'Set PORT to 1024 or above.');
  return fail(
    'server',
    `does not run; it could not listen on ${where}: ${problem.message}`,
    'Set HOST to an address of this machine.',
  );
}
