import type { Command } from 'commander';
import { readProcessSettings } from '../../config/settings.js';

/** `mosis serve`: the server itself. */
export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('start the server (settings are environment variables, see docs/operating.md)')
    .option('--demo', 'load the small demo catalogue')
    .option('--read-only', 'look at restored data: refuse what writes, run no background work, back nothing up')
    .action(async ({ readOnly, ...options }: { demo?: boolean; readOnly?: boolean }) => {
      const server = readOnly
        ? await (await import('../read-only-server.js')).startReadOnlyServer(readProcessSettings())
        : await (await import('../server.js')).startServer(readProcessSettings(), options);
      const stop = () => {
        server.stop().then(
          () => process.exit(0),
          (error: unknown) => {
            process.stderr.write(`${(error as Error).stack ?? String(error)}\n`);
            process.exit(1);
          },
        );
      };
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
    });
}
