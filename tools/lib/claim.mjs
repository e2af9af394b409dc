import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const heartbeatMs = 5_000;
/** A claim that nobody has touched for this long is dead, whatever its process id says (it may have been reused). */
const deadAfterMs = 60_000;

/**
 * Runs `work` while no other process does so under the same folder.
 *
 * Everyone writes a claim under a name of its own first and looks for others afterwards, so two can never both find
 * themselves alone; who meets a living claim takes its own back and tries later. A dead claim can be deleted by anyone
 * at any time, because no name is ever used twice: that is what a single lock file cannot offer.
 * @template T
 * @param {string} folder is made when missing
 * @param {() => Promise<T>} work
 * @param {() => void} [onWait] called once when another process is at work
 * @returns {Promise<T>} what `work` returned
 */
export async function alone(folder, work, onWait) {
  mkdirSync(folder, { recursive: true });
  const name = `${process.pid}-${randomUUID()}`;
  const claim = join(folder, name);
  const release = () => rmSync(claim, { force: true });
  process.on('exit', release);
  let heartbeat;
  try {
    for (let waited = false; ;) {
      writeFileSync(claim, JSON.stringify({ pid: process.pid, host: hostname() }));
      if (livingClaims(folder, name).length === 0) break;
      release();
      if (!waited) onWait?.();
      waited = true;
      await delay(100 + Math.random() * 200);
    }
    heartbeat = setInterval(() => utimesSync(claim, new Date(), new Date()), heartbeatMs);
    heartbeat.unref();
    return await work();
  } finally {
    clearInterval(heartbeat);
    release();
    process.off('exit', release);
  }
}

function livingClaims(folder, own) {
  return readdirSync(folder).filter((name) => {
    if (name === own) return false;
    const file = join(folder, name);
    if (isAlive(file)) return true;
    rmSync(file, { force: true });
    return false;
  });
}

function isAlive(file) {
  try {
    if (Date.now() - statSync(file).mtimeMs > deadAfterMs) return false;
    const { pid, host } = JSON.parse(readFileSync(file, 'utf8'));
    if (host !== hostname()) return true;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return false;
    // Not ours to signal, or not fully written yet: somebody is there.
    return true;
  }
}
