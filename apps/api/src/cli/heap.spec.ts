import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readMemorySettings } from '../../../../tools/lib/memory-settings.mjs';

describe('the heap of a server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mosis-heap-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Runs a program with the flags of a real start; it has `youngMib`, which says how large the young generation is, and `churn`. */
  const run = (program: string): unknown => {
    const file = join(folder, 'program.mjs');
    writeFileSync(
      file,
      `import { keepThreadsSmall, shrinkHeapAtRest } from ${JSON.stringify(new URL('../../dist/cli/heap.js', import.meta.url).href)};
      import { get, createServer } from 'node:http';
      import { once } from 'node:events';
      import { getHeapSpaceStatistics } from 'node:v8';
      import { Worker } from 'node:worker_threads';
      globalThis.youngMib = () =>
        getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size / 1024 / 1024;
      /** Makes garbage of which some lives for a while, and says how large the young generation was meanwhile, smallest first. */
      globalThis.churn = () => {
        let kept = [];
        const sizes = [];
        for (let count = 0; count < 1_000_000; count += 1) {
          kept.push({ count, list: [count] });
          if (count % 50_000 === 0) { kept = []; sizes.push(youngMib()); }
        }
        return sizes.sort((one, other) => one - other);
      };
      ${program}`,
    );
    const flags = readMemorySettings().nodeFlags;
    return JSON.parse(execFileSync(process.execPath, [...flags, file], { timeout: 30_000 }).toString());
  };

  it('is given back at rest, and not while requests come', () => {
    const [grown, busy, rested] = run(`
      const collections = [];
      const server = createServer((request, answer) => answer.end()).listen(0);
      await once(server, 'listening');
      const ask = async (path = '/v1/store/apps') => {
        const [answer] = await once(get({ port: server.address().port, agent: false, path }), 'response');
        await once(answer.resume(), 'end');
      };
      const grown = churn().at(-1);
      shrinkHeapAtRest(server, { restMs: 2_000, collect: (how) => (collections.push(how), gc(how)) });
      for (const until = performance.now() + 3_000; performance.now() < until;) await ask();
      const busy = [collections.length, youngMib()];
      // Whoever looks after the server does not keep it from resting.
      while (collections.length === 0) await ask('/healthz');
      console.log(JSON.stringify([grown, busy, youngMib()]));
      server.close();`) as [number, [number, number], number];
    expect(grown).toBeGreaterThan(8);
    expect(busy).toEqual([0, expect.any(Number)]);
    expect(busy[1]).toBeGreaterThan(4);
    expect(rested).toBeLessThan(3);
  });

  it('of a thread stays small', () => {
    const [before, after] = run(`
      const inThread = async () => {
        const worker = new Worker('const { parentPort } = require("node:worker_threads");' +
          'const { getHeapSpaceStatistics } = require("node:v8");' +
          'const youngMib = ' + youngMib + '; parentPort.postMessage((' + churn + ')())', { eval: true });
        const [sizes] = await once(worker, 'message');
        await worker.terminate();
        // Not the largest: for a moment, while survivors are moved, it is larger than it may stay.
        return sizes[sizes.length >> 1];
      };
      const before = await inThread();
      keepThreadsSmall();
      console.log(JSON.stringify([before, await inThread()]));`) as [number, number];
    expect(before).toBeGreaterThan(4);
    expect(after).toBeLessThan(3);
  });
});
