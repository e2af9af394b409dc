import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { constants, getPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import { compiledModulePath } from './compiled-module.js';

const MODULE = compiledModulePath(import.meta.url, './background-thread.js');

/** How nice each thread of this process is, by its number. */
function readNiceness(): Map<string, number> {
  const threads = readdirSync('/proc/self/task').map((thread): [string, number] => {
    const line = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
    return [thread, Number(line.slice(line.lastIndexOf(')') + 2).split(' ')[16])];
  });
  return new Map(threads);
}

describe('a thread whose work nobody waits for', () => {
  it('gives way, and it alone', async () => {
    const before = readNiceness();
    const worker = new Worker(
      `import(${JSON.stringify(MODULE)}).then(({ giveWay }) => {
        giveWay();
        const { parentPort } = require('node:worker_threads');
        parentPort.postMessage(require('node:fs').readlinkSync('/proc/thread-self'));
        parentPort.once('message', () => undefined);
      })`,
      { eval: true },
    );
    const [link] = (await once(worker, 'message')) as [string];
    const during = readNiceness();
    await worker.terminate();
    const thread = link.split('/').at(-1) as string;
    expect(during.get(thread)).toBe(constants.priority.PRIORITY_BELOW_NORMAL);
    for (const [each, niceness] of before) if (during.has(each)) expect(during.get(each)).toBe(niceness);
    expect(getPriority()).toBe(0);
  });
});
