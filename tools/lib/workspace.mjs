import { readdirSync, readFileSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the repository this file belongs to. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * Lists the npm workspaces of a repository as folders relative to it, sorted.
 * @param {string} directory the repository
 * @returns {string[]} such as `apps/api`
 */
export function listWorkspaces(directory) {
  const { workspaces = [] } = readJson(join(directory, 'package.json'));
  const folders = workspaces.flatMap((pattern) => {
    if (!pattern.endsWith('/*')) return [pattern];
    const parent = pattern.slice(0, -2);
    if (!existsSync(join(directory, parent))) return [];
    return readdirSync(join(directory, parent)).map((name) => `${parent}/${name}`);
  });
  return folders.filter((folder) => existsSync(join(directory, folder, 'package.json'))).sort();
}

/**
 * Parses a JSON file.
 * @param {string} file
 * @throws {Error} when it is missing or not JSON
 */
export function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Writes a line about the progress of the tooling: on stderr, so that stdout stays the command's own. */
export function report(line) {
  process.stderr.write(`${line}\n`);
}

/** Formats the time since `startedAtMs` (from `performance.now()`) as seconds with one decimal. */
export function elapsed(startedAtMs) {
  return `${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`;
}

/** A failure whose message is all that a user needs: it is printed without a stack. */
export class ToolError extends Error {}

/**
 * Runs an entry point: prints a ToolError as one message and exits 1; anything else keeps its stack.
 * @param {() => Promise<void>} main
 */
export function runMain(main) {
  main().catch((error) => {
    report(error instanceof ToolError ? `mosis: ${error.message}` : (error?.stack ?? String(error)));
    process.exit(1);
  });
}
