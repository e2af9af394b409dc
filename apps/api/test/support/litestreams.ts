import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Processes whose arguments name the Litestream configuration of a data directory. */
export function findLitestreams(dataDir: string): number[] {
  const config = join(dataDir, 'litestream.yml');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').includes(config);
      } catch {
        return false;
      }
    })
    .map(Number);
}
