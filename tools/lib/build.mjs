import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildStampFile,
  deleteStaleOutputs,
  digestOutputs,
  digestSources,
  formatStamp,
  isBuilt,
} from './build-stamp.mjs';
import { alone } from './claim.mjs';
import { environmentFor } from './node-runtime.mjs';
import { capture } from './processes.mjs';
import { elapsed, report, ToolError } from './workspace.mjs';

/** Nx as a local task cache and nothing more: no background process, no cloud, no questions. */
const nxEnvironment = {
  NX_DAEMON: 'false',
  NX_NO_CLOUD: 'true',
  NX_INTERACTIVE: 'false',
  NX_TUI: 'false',
  NX_ISOLATE_PLUGINS: 'false',
};

/**
 * Builds every workspace through Nx, unless the last build was of the same sources and its outputs are still there.
 * @param {string} root the repository, installed
 * @param {string} node the Node to build with
 * @returns {Promise<boolean>} whether a build ran
 * @throws {ToolError} with Nx's output when it fails
 */
export async function ensureBuilt(root, node) {
  if (isBuilt(root)) return false;
  return alone(
    join(root, '.nx/mosis-claims/build'),
    async () => {
      if (isBuilt(root)) return false;
      await build(root, node);
      return true;
    },
    () => report('Another process is building; waiting for it …'),
  );
}

async function build(root, node) {
  const startedAtMs = performance.now();
  report('Building …');
  const sources = digestSources(root);
  // Before, so that nothing stale is cached as this build's output; after, for what an older cache entry brings back.
  deleteStaleOutputs(root);
  const nx = join(root, 'node_modules/nx/dist/bin/nx.js');
  const { code, signal, output } = await capture(node, [nx, 'run-many', '-t', 'build', '--output-style=static'], {
    cwd: root,
    env: { ...environmentFor(node), ...nxEnvironment },
  });
  if (code !== 0) throw new ToolError(`the build failed (${signal ?? `exit code ${code}`}):\n\n${output}`);
  deleteStaleOutputs(root);
  writeFileSync(buildStampFile(root), formatStamp(sources, digestOutputs(root)));
  report(`Built in ${elapsed(startedAtMs)}.`);
}
