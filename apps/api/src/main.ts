import 'reflect-metadata';
import { createProgram, describeFailure } from './cli/program.js';

// What the server writes is for its own user and group, databases and their WAL included.
process.umask(0o027);

try {
  await createProgram().parseAsync();
} catch (error) {
  process.stderr.write(`${describeFailure(error)}\n`);
  process.exitCode = 1;
}
