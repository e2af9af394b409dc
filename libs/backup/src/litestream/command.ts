import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderLitestreamConfig, litestreamEnvironment, type ReplicatedDatabase } from './config.js';
import { getLitestream } from './binary.js';
import type { BackupLocation } from '../location.js';

/** A Litestream command that failed, with what it said. */
export class LitestreamError extends Error {
  constructor(
    readonly command: string,
    readonly exitCode: number | null,
    readonly output: string,
  ) {
    super(`litestream ${command} failed (${exitCode ?? 'killed'}): ${lastLineOf(output)}`);
    this.name = 'LitestreamError';
  }
}

export interface LitestreamCommandOptions {
  location: BackupLocation;
  databases: ReplicatedDatabase[];
  /** Where the binary is, when it is not npm's. */
  binary?: string;
  signal?: AbortSignal;
  /** Hears every line that it prints. */
  onLine?: (line: string) => void;
}

/**
 * Runs a Litestream command that ends by itself (`restore`, `generations`, `snapshots`, `wal`), with a configuration of
 * its own. Resolves with what it printed.
 *
 * @throws LitestreamMissingError, or LitestreamError when it fails
 */
export async function runLitestream(
  command: string,
  args: string[],
  { location, databases, binary, signal, onLine }: LitestreamCommandOptions,
): Promise<string> {
  const executable = getLitestream(binary);
  const folder = await mkdtemp(join(tmpdir(), 'mosis-litestream-'));
  try {
    const config = join(folder, 'litestream.yml');
    await writeFile(config, renderLitestreamConfig({ location, databases }), { mode: 0o600 });
    const child = spawn(executable, [command, '-config', config, '-no-expand-env', ...args], {
      env: litestreamEnvironment(location),
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
      killSignal: 'SIGKILL',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (onLine) for (const line of text.split('\n')) if (line !== '') onLine(line);
      });
    }
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0) throw new LitestreamError(command, code, output);
    return output;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function lastLineOf(output: string): string {
  return output.trim().split('\n').at(-1) ?? '';
}
