import type { Server } from 'node:http';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';

/** Half of the young generation of threads, MiB. */
const THREAD_SEMI_SPACE_MIB = 1;
/** So long after its last request began a server is at rest; one that takes longer to arrive does not mind the pause. */
const REST_MS = 15_000;
/** Who asks these looks after the server, every few seconds perhaps, and uses nothing of it. */
const WATCHED = /^\/(?:healthz|readyz|metrics)(?:\?|$)/;
/** What the heap has to have grown by before it is worth the pause; a health check is far less. */
const WORTH_BYTES = 8 * 1024 * 1024;

/**
 * Gives threads that start from now on a small young generation; the flag outweighs what their resource limits say. The main
 * thread's is for answering requests, was decided by a flag of the process (memory.env), and stays.
 */
export function keepThreadsSmall(): void {
  setFlagsFromString(`--max-semi-space-size=${THREAD_SEMI_SPACE_MIB}`);
}

/**
 * Gives back what the heap took for starting, or for a burst of requests, once the server is at rest: V8 keeps a young
 * generation that has grown. It takes the HTTP thread some 150 ms when nobody has asked for long, and what was compiled is
 * compiled anew: the next hundred requests take half as long again. Without `--expose-gc` it does nothing.
 */
export function shrinkHeapAtRest(server: Server, { restMs = REST_MS, collect = globalThis.gc } = {}): void {
  if (!collect) return;
  let leftBytes = 0;
  const rest = setTimeout(() => {
    if (getHeapStatistics().total_physical_size - leftBytes < WORTH_BYTES) return;
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    leftBytes = getHeapStatistics().total_physical_size;
  }, restMs).unref();
  server.on('request', ({ url }) => {
    if (!WATCHED.test(url ?? '')) rest.refresh();
  });
  server.once('close', () => clearTimeout(rest));
}
