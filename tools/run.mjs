/** Runs a development tool out of node_modules under the pinned Node: `node tools/run.mjs eslint .` */
import { ensureInstalled } from './lib/install.mjs';
import { environmentFor, pinnedNode } from './lib/node-runtime.mjs';
import { endLike, spawnForwarding } from './lib/processes.mjs';
import { binaryOf } from './lib/steps.mjs';
import { root, runMain } from './lib/workspace.mjs';

runMain(async () => {
  const [tool, ...args] = process.argv.slice(2);
  await ensureInstalled(root);
  const node = pinnedNode(root);
  const options = { cwd: root, env: environmentFor(node), stdio: 'inherit' };
  endLike(await spawnForwarding(node, [binaryOf(root, tool), ...args], options).ended);
});
