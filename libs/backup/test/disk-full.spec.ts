import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkpoint } from '../src/supervisor/checkpoint.js';
import { Stage } from './support/stage.js';

const MIB = 1024 * 1024;

/** Mounts a disk of a few megabytes, where this machine lets us. */
function mountSmallDisk(folder: string, mebibytes: number): boolean {
  mkdirSync(folder, { recursive: true });
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder]).status === 0;
}

/** Takes what is free, down to the last page. */
function fillDisk(file: string): void {
  for (let size = 4 * MIB; size >= 4096; size /= 2) {
    for (;;) {
      try {
        writeFileSync(file, Buffer.alloc(size), { flag: 'a' });
      } catch {
        break;
      }
    }
  }
}

describe('a disk that is full when the WAL is to be folded in', () => {
  it('costs nothing that was acknowledged: it is said, reads go on, and with room again all is copied', async () => {
    const stage = new Stage();
    const isMounted = mountSmallDisk(stage.dataDir, 24);
    if (!isMounted) return foldBelowLimit();
    try {
      await stage.start();
      stage.write('core', 20, 100_000);
      await stage.untilHealthy();
      stage.write('core', 20, 100_000);
      const ballast = join(stage.dataDir, 'ballast');
      fillDisk(ballast);
      expect(() => stage.write('core', 200, 100_000)).toThrow(/full/);
      const acknowledged = stage.writers.get('core')?.prepare('SELECT count(*) FROM kept').pluck().get() as number;
      expect(acknowledged).toBeGreaterThanOrEqual(40);
      // What the application does when Litestream is gone: it folds the WAL in by itself.
      await stage.supervisor?.stop();
      await expect(checkpoint(stage.file('core'))).rejects.toThrow(/full/);
      expect(stage.writers.get('core')?.prepare('SELECT count(*) FROM kept').pluck().get()).toBe(acknowledged);
      rmSync(ballast);
      stage.close();
      await stage.start();
      const rows = stage.write('core', 1);
      expect(rows).toBe(acknowledged + 1);
      await stage.untilHealthy();
      expect(await stage.restore('core')).toBe(rows);
    } finally {
      await stage.stop();
      spawnSync('umount', [stage.dataDir]);
      await stage.remove();
    }
  });
});

function foldBelowLimit(): void {
  const folder = mkdtempSync(join(tmpdir(), 'mosis-backup-'));
  try {
    const script = fileURLToPath(new URL('./support/checkpoint-below-limit.mjs', import.meta.url));
    const file = join(folder, 'core.db');
    const { stdout, stderr } = spawnSync(
      'bash',
      ['-c', 'ulimit -S -f 3000; exec "$0" "$@"', process.execPath, script, file],
      { encoding: 'utf8' },
    );
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ refused: expect.any(String), rowsThen: 40, busy: false, check: 'ok' });
    expect(statSync(file).size).toBeGreaterThan(4 * MIB - 100_000);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
