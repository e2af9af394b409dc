import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChainEnd } from './audit-chain.js';

/** Its name in the data directory. */
export const AUDIT_HEAD_FILE = 'audit-head.json';

/** The file beside core.db that says where the chain ended: rows cut off core.db's tail are missed by it. */
export class AuditHead {
  private readonly file: string;

  constructor(dataDir: string) {
    this.file = join(dataDir, AUDIT_HEAD_FILE);
  }

  /** Where the chain ended when it was last written, or `undefined` before the first row. */
  async read(): Promise<ChainEnd | undefined> {
    try {
      return JSON.parse(await readFile(this.file, 'utf8')) as ChainEnd;
    } catch (error) {
      // It is not synced: a power cut can leave it empty.
      if (error instanceof SyntaxError || (error as { code?: string }).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Replaces the head. A head that lags behind core.db after a crash is harmless: it only has to be on the chain. */
  async write(end: ChainEnd): Promise<void> {
    await writeFile(`${this.file}.tmp`, `${JSON.stringify({ seq: end.seq, hash: end.hash })}\n`, { mode: 0o640 });
    await rename(`${this.file}.tmp`, this.file);
  }
}
