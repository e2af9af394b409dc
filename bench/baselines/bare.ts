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

  /** The one of ingest, on an empty folder; `grouped` shares a commit among what waits, else each request has its own. */
  static async start(dataDir: string, grouped: boolean): Promise<BareServer> {
    return BareServer.#fork('./bare-server.ts', { dataDir, grouped });
  }

  /** The one of the store, on a folder with a core.db. */
  static async startStore(dataDir: string): Promise<BareServer> {
    return BareServer.#fork('./bare-store.ts', { dataDir });
  }

  /** The same with Nest, and nothing else. */
  static async startNestStore(dataDir: string): Promise<BareServer> {
    return BareServer.#fork('./bare-nest-store.ts', { dataDir });
  }

  /** The one of downloads, on a folder of files. */
  static async startFiles(dataDir: string): Promise<BareServer> {
    return BareServer.#fork('./bare-files.ts', { dataDir });
  }

  static async #fork(script: string, options: object): Promise<BareServer> {
    const child = fork(fileURLToPath(new URL(script, import.meta.url)), [JSON.stringify(options)], {
      execArgv: [],
      env: plainEnvironment(),
    });
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
