import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, ToolError } from './workspace.mjs';

/**
 * The checks that need no running code. The lint takes as long as all others together, so `npm test` runs it beside them,
 * and the others one after the other: cheapest and most often failing first.
 */
export const staticSteps = [
  { name: 'format', tool: 'prettier', args: ['--check', '--log-level', 'warn', '.'] },
  { name: 'lint', tool: 'eslint', args: ['--max-warnings', '0', '.'] },
  { name: 'types', tool: 'tsc', args: ['--noEmit', '--pretty', 'false'] },
  { name: 'types (console)', tool: 'tsc', args: ['--noEmit', '--pretty', 'false', '-p', 'apps/admin'] },
  { name: 'boundaries', tool: 'depcruise', args: ['--config', '.dependency-cruiser.mjs', 'apps', 'libs'] },
];

const packageOf = { tsc: 'typescript', depcruise: 'dependency-cruiser' };

/**
 * Finds the script of a development tool.
 * @param {string} root the repository, installed
 * @param {string} tool name of the executable
 * @returns {string} absolute path
 * @throws {ToolError} when no such tool is installed
 */
export function binaryOf(root, tool) {
  const folder = join(root, 'node_modules', packageOf[tool] ?? tool ?? '');
  const manifest = join(folder, 'package.json');
  const bin = tool && existsSync(manifest) ? readJson(manifest).bin : undefined;
  const script = typeof bin === 'string' ? bin : bin?.[tool];
  if (script === undefined) throw new ToolError(`there is no tool "${tool ?? ''}" in node_modules`);
  return join(folder, script);
}
