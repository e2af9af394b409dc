import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readMemorySettings } from '../../../../tools/lib/memory-settings.mjs';

/** The `mosis` program as it is built. */
export const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** What a finished command left. */
export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A data directory for real processes, removed at the end. */
export class DataDirectory {
  /** The program that runs on it; another release's when it is set. */
  main = MAIN;
  readonly path = mkdtempSync(join(tmpdir(), 'mosis-process-'));
  private readonly servers = new Set<ServerProcess>();

  /** Starts a server on it and waits until it serves. */
  async serve(environment: Record<string, string> = {}, args: string[] = []): Promise<ServerProcess> {
    const server = await ServerProcess.start(this.path, environment, args, this.main);
    this.servers.add(server);
    return server;
  }

  /** Runs `mosis` with this directory as DATA_DIR. */
  async mosis(args: string[], input = '', environment: Record<string, string> = {}): Promise<CommandResult> {
    const child = spawn(process.execPath, [this.main, ...args], {
      env: environmentOf(this.path, environment),
      stdio: 'pipe',
    });
    child.stdin.end(input);
    const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { code, stdout: stdout.join(''), stderr: stderr.join('') };
  }

  /** Kills what still runs and removes the directory. */
  async remove(): Promise<void> {
    for (const server of this.servers) await server.killWithChildren();
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A real server process. */
export class ServerProcess {
  private constructor(
    readonly child: ChildProcess,
    readonly url: string,
    private readonly output: string[],
    private readonly ended: Promise<number | null>,
  ) {}

  static async start(
    dataDir: string,
    environment: Record<string, string>,
    args: string[],
    main = MAIN,
  ): Promise<ServerProcess> {
    // Those of `npm start`.
    const { nodeFlags, environment: allocator } = readMemorySettings();
    const child = spawn(process.execPath, [...nodeFlags, main, 'serve', ...args], {
      env: { ...environmentOf(dataDir, environment), ...allocator },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = collect(child.stdout);
    const errors = collect(child.stderr);
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const url = await Promise.race([
      findAddress(dataDir, child),
      ended.then((code) => {
        throw new Error(`The server ended with ${code ?? child.signalCode}: ${errors.join('')}${output.join('')}`);
      }),
    ]);
    return new ServerProcess(child, url, output, ended);
  }

  /** Everything it logged so far. */
  get log(): string {
    return this.output.join('');
  }

  /** Kills it and all that it started, which would go on to write for a moment. */
  async killWithChildren(): Promise<void> {
    const children = listDescendants(this.child.pid ?? 0);
    await this.kill('SIGKILL');
    for (const pid of children) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has seen that its server is gone.
      }
    }
    while (children.some(isRunning)) await setImmediate();
  }

  /** Sends a signal and waits for the end; answers the exit code. */
  async kill(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal);
    return this.ended;
  }
}

/** Processes that a process started, and those that they started. */
function listDescendants(pid: number): number[] {
  try {
    const children = readdirSync(`/proc/${pid}/task`)
      .flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' '))
      .filter(Boolean)
      .map(Number);
    return children.flatMap((child) => [child, ...listDescendants(child)]);
  } catch {
    return [];
  }
}

/** One that has ended and that nobody has asked about yet has no memory any more, and writes nothing. */
function isRunning(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/statm`, 'utf8').startsWith('0 ') === false;
  } catch {
    return false;
  }
}

/** The server writes where it listens beside its lock: that file changing is the moment to go on. */
async function findAddress(dataDir: string, child: ChildProcess): Promise<string> {
  const file = join(dataDir, 'server.json');
  const read = () => {
    if (!existsSync(file)) return undefined;
    try {
      const holder = JSON.parse(readFileSync(file, 'utf8')) as {
        pid: number;
        address?: string;
        control_socket?: string;
      };
      return holder.pid === child.pid && holder.control_socket ? holder.address : undefined;
    } catch {
      return undefined;
    }
  };
  return new Promise((resolve) => {
    const look = () => {
      const address = read();
      if (!address) return;
      watcher.close();
      resolve(address);
    };
    const watcher = watch(dataDir, look);
    child.once('close', () => watcher.close());
    look();
  });
}

function environmentOf(dataDir: string, environment: Record<string, string>): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  return { PATH, HOME, DATA_DIR: dataDir, PORT: '0', RATE_LIMITS: 'off', NODE_ENV: 'test', ...environment };
}

function collect(stream: NodeJS.ReadableStream): string[] {
  const chunks: string[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk.toString('utf8')));
  return chunks;
}
