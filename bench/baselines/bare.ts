import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { plainEnvironment } from '../lib/environment.ts';

/** A handle on the bare server. */
export class BareServer {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.#child = child;
  }

  /** Starts it on an empty folder; `grouped` shares a commit among what waits, else each request has its own. */
  static async start(dataDir: string, grouped: boolean): Promise<BareServer> {
    const child = fork(
      fileURLToPath(new URL('./bare-server.ts', import.meta.url)),
      [JSON.stringify({ dataDir, grouped })],
      { execArgv: [], env: plainEnvironment() },
    );
    const port = await new Promise<number>((resolve, reject) => {
      child.once('message', (message: { port: number }) => resolve(message.port));
      child.once('exit', (code) => reject(new Error(`The bare server ended with ${code}.`)));
    });
    return new BareServer(port, child);
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.disconnect();
    await ended;
  }
}
