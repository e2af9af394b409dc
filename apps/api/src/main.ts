import 'reflect-metadata';
import { createProgram, describeFailure } from './cli/program.js';

try {
  await createProgram().parseAsync();
} catch (error) {
  process.stderr.write(`${describeFailure(error)}\n`);
  if (process.argv.includes('--verbose')) process.stderr.write(`${(error as Error).stack ?? ''}\n`);
  process.exitCode = 1;
}
