import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createObjectStore, packageKey, type ObjectStore } from '../src/index.js';
import { forkScript } from './support/child.js';
import { collect, createScratch } from './support/files.js';

const SIZE_BYTES = 8 * 1024 * 1024;

describe('a directory store whose process is killed', () => {
  let scratch: Awaited<ReturnType<typeof createScratch>>;
  let root: string;
  let store: ObjectStore;
  let stored: string[];

  beforeEach(async () => {
    scratch = await createScratch();
    root = join(scratch.path, 'objects');
    await mkdir(join(scratch.path, 'sources'));
    store = createObjectStore({ url: pathToFileURL(root).href });
    stored = [];
  });

  afterEach(async () => {
    await scratch.remove();
  });

  function startWriter(consume: boolean): ChildProcess {
    const child = forkScript('put-forever-process.ts', {
      url: pathToFileURL(root).href,
      scratch: join(scratch.path, 'sources'),
      sizeBytes: SIZE_BYTES,
      consume,
    });
    child.on('message', (message: { stored: string }) => stored.push(message.stored));
    return child;
  }

  async function temporarySizes(): Promise<number[]> {
    const folder = join(root, '.tmp');
    const names = await readdir(folder).catch(() => []);
    const sizes = await Promise.all(names.map(async (name) => stat(join(folder, name)).catch(() => undefined)));
    return sizes.flatMap((found) => (found === undefined ? [] : [found.size]));
  }

  /** Freezes the writer again and again until it stands where `reached` wants it, and kills it there. */
  async function killWhen(child: ChildProcess, reached: () => Promise<boolean>): Promise<void> {
    const exited = once(child, 'exit');
    await once(child, 'message');
    while (!(await reached())) {
      child.kill('SIGCONT');
      await new Promise((resolve) => setImmediate(resolve));
      child.kill('SIGSTOP');
    }
    child.kill('SIGKILL');
    await exited;
  }

  async function expectEveryVisibleObjectWhole(): Promise<void> {
    const visible = await collect(store.list(''));
    for (const object of visible) {
      const { sha256, sizeBytes } = await store.hash(object.key);
      expect(sizeBytes).toBe(SIZE_BYTES);
      expect(basename(object.key)).toBe(`${sha256}.mosis`);
    }
    // What was acknowledged is there; the last one may have been finished without being acknowledged.
    const keys = new Set(visible.map((object) => object.key));
    for (const sha256 of stored) expect(keys).toContain(packageKey(sha256));
  }

  it('shows no half object when it died while it copied, and sweeping removes the half', async () => {
    await killWhen(startWriter(false), async () =>
      (await temporarySizes()).some((size) => size > 0 && size < SIZE_BYTES),
    );
    expect(await temporarySizes()).toHaveLength(1);
    await expectEveryVisibleObjectWhole();
    expect(await store.sweep?.(60_000)).toBe(0);
    expect(await store.sweep?.(-60_000)).toBe(1);
    expect(await temporarySizes()).toEqual([]);
    await expectEveryVisibleObjectWhole();
  });

  it.each([false, true])('shows whole objects only, wherever it died (files given away: %s)', async (consume) => {
    for (let round = 0; round < 5; round += 1) {
      let looks = round * 3;
      await killWhen(startWriter(consume), async () => (looks -= 1) < 0);
      await expectEveryVisibleObjectWhole();
    }
    await store.sweep?.(-60_000);
    expect(await temporarySizes()).toEqual([]);
    await expectEveryVisibleObjectWhole();
  });
});
