import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './workspace.mjs';

/**
 * The memory settings that every start of the server has, from the file that the container's entry point reads too.
 * @returns {{ nodeFlags: string[], environment: Record<string, string> }} Node's flags, and variables of the allocator
 */
export function readMemorySettings() {
  const lines = readFileSync(join(root, 'apps/api/memory.env'), 'utf8').split('\n');
  const pairs = lines.filter((line) => /^[A-Z]/.test(line)).map((line) => line.split(/=(.*)/s));
  const { NODE_FLAGS: flags = '', ...environment } = Object.fromEntries(pairs);
  return { nodeFlags: flags.split(' ').filter(Boolean), environment };
}
