import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

interface Line {
  ready?: true;
  id: number;
  value?: unknown;
  error?: string;
}

/** The parent's end of an engine in a process of its own. */
export class EngineProcess {
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  readonly #exit: Promise<void>;
  #nextId = 1;
  /** What it complained of, the newest last. */
  complaints = '';

  private constructor(
    private readonly child: ChildProcess,
    ready: (error?: Error) => void,
  ) {
    this.#exit = new Promise((resolve) => child.once('close', () => resolve()));
    child.stderr?.on(
      'data',
      (chunk: Buffer) => (this.complaints = (this.complaints + chunk.toString()).slice(-20_000)),
    );
    child.stdin?.on('error', () => undefined);
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (text) => {
      const line = JSON.parse(text) as Line;
      if (line.ready) return ready();
      const waiting = this.#waiting.get(line.id);
      this.#waiting.delete(line.id);
      if (line.error === undefined) waiting?.resolve(line.value);
      else waiting?.reject(new Error(line.error));
    });
    void this.#exit.then(() => {
      ready(new Error(`the engine did not start: ${this.complaints}`));
      for (const { reject } of this.#waiting.values()) reject(new Error('the engine is gone'));
      this.#waiting.clear();
    });
  }

  /** Starts an engine, under `trace` (a command that runs the rest of its line) when that is given. */
  static async start(
    input: { dataDir: string; offsetMs: number; options?: Record<string, unknown> },
    trace: readonly string[] = [],
  ): Promise<EngineProcess> {
    const script = fileURLToPath(new URL('./engine-child.ts', import.meta.url));
    const argument = JSON.stringify({ options: {}, ...input });
    const [command, ...rest] = [...trace, process.execPath, '--no-warnings', script, argument];
    const child = spawn(command, rest, { env: { ...process.env, NODE_OPTIONS: '' } });
    return new Promise((resolve, reject) => {
      const engine = new EngineProcess(child, (error) => (error ? reject(error) : resolve(engine)));
    });
  }

  /** Asks for something. @throws when it fails, or when the process dies over it */
  async ask<Answer>(name: string, more: Record<string, unknown> = {}): Promise<Answer> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) throw new Error('the engine is gone');
    const id = this.#nextId++;
    return new Promise<Answer>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.child.stdin?.write(`${JSON.stringify({ id, name, ...more })}\n`);
    });
  }

  /** Kills it without a word. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.#exit;
  }

  /** Ends it properly. */
  async close(): Promise<void> {
    await this.ask('close').catch(() => undefined);
    await this.#exit;
  }
}
