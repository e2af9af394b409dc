import { environmentFor } from './node-runtime.mjs';
import { endLike, spawnForwarding } from './processes.mjs';

const parentCheckMs = 500;

/**
 * A young generation of 2 MiB instead of 16, and an allocator that gives back what password hashing and uploads took:
 * an idle server stays below 150 MB resident, before its first request and after. The container's entry point passes the
 * same.
 */
const nodeFlags = ['--max-semi-space-size=2'];
const allocatorSettings = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '262144' };

/**
 * Runs a program in the place of this process: same input and output, same signals, same end. It never outlives us: it
 * holds one end of a pipe, and when the other end closes, as it does however we die, it gets SIGTERM (see
 * follow-wrapper.mjs); and when the npm that started us is gone, we pass SIGTERM on ourselves.
 * @param {string} node the Node to run
 * @param {string[]} args its script and the script's arguments
 */
export async function runInPlace(node, args) {
  const follower = new URL('./follow-wrapper.mjs', import.meta.url).href;
  const { child, ended } = spawnForwarding(node, [...nodeFlags, '--import', follower, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...allocatorSettings, ...environmentFor(node), MOSIS_WRAPPER_FD: '3' },
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
