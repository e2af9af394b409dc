import 'reflect-metadata';
import { createProgram, describeFailure } from './cli/program.js';

// What the server writes is for its own user and group, databases and their WAL included.
process.umask(0o027);

// Whoever reads no further (`| head`) is told no more; what the command does, it does to its end.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

try {
  const program = await createProgram(process.argv[2]);
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${describeFailure(error)}\n`);
  process.exitCode = 1;
}
