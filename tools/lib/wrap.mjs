import { readMemorySettings } from './memory-settings.mjs';
import { environmentFor } from './node-runtime.mjs';
import { endLike, spawnForwarding } from './processes.mjs';

const parentCheckMs = 500;

/**
 * Runs a program in the place of this process: same input and output, same signals, same end. It never outlives us: it
 * holds one end of a pipe, and when the other end closes, as it does however we die, it gets SIGTERM (see
 * follow-wrapper.mjs); and when the npm that started us is gone, we pass SIGTERM on ourselves.
 * @param {string} node the Node to run
 * @param {string[]} args its script and the script's arguments
 */
export async function runInPlace(node, args) {
  const follower = new URL('./follow-wrapper.mjs', import.meta.url).href;
  const { nodeFlags, environment } = readMemorySettings();
  const { child, ended } = spawnForwarding(node, [...nodeFlags, '--import', follower, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...environment, ...environmentFor(node), MOSIS_WRAPPER_FD: '3' },
  });
  const parent = process.ppid;
  // Without npm above us, an absent parent is a shell that was closed on purpose (`nohup … &`).
  const watch = process.env.npm_lifecycle_event
    ? setInterval(() => {
        if (process.ppid === parent) return;
        clearInterval(watch);
        child.kill('SIGTERM');
      }, parentCheckMs)
    : undefined;
  const end = await ended;
  clearInterval(watch);
  endLike(end);
}
