import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { plainEnvironment } from '../lib/environment.ts';

/** A handle on a process that makes a load: its own, so that what it does is in nobody's figures. */
export class LoadProcess<Order, Result> {
  readonly #child: ChildProcess;

  /** Starts a script of this folder that calls {@link answerOrders}. */
  constructor(script: string) {
    this.#child = fork(fileURLToPath(new URL(script, import.meta.url)), [], {
      serialization: 'advanced',
      execArgv: [],
      env: plainEnvironment(),
    });
  }

  /** Has one order done; one at a time. @throws when the process fails */
  async run(order: Order): Promise<Result> {
    const child = this.#child;
    return new Promise<Result>((resolve, reject) => {
      const lost = (code: number | null) => reject(new Error(`The process that makes the load ended with ${code}.`));
      child.once('exit', lost);
      child.once('message', ({ result, error }: { result?: Result; error?: string }) => {
        child.off('exit', lost);
        if (result) resolve(result);
        else reject(new Error(error));
      });
      child.send(order as object);
    });
  }

  close(): void {
    if (this.#child.connected) this.#child.disconnect();
  }
}

/** In the process itself: does each order that comes and answers its result, until the other side is gone. */
export function answerOrders<Order, Result>(run: (order: Order) => Promise<Result>): void {
  process.on('message', (order: Order) => {
    run(order).then(
      (result) => process.send?.({ result }),
      (error: Error) => process.send?.({ error: error.stack }),
    );
  });
  process.on('disconnect', () => process.exit(0));
}
