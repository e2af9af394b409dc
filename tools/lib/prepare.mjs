import { ensureBuilt } from './build.mjs';
import { ensureInstalled } from './install.mjs';
import { pinnedNode } from './node-runtime.mjs';
import { root } from './workspace.mjs';

/**
 * Makes this checkout ready to run: installed and built, each only when something changed.
 * @returns {Promise<string>} the Node to run it with
 */
export async function prepare() {
  await ensureInstalled(root);
  const node = pinnedNode(root);
  await ensureBuilt(root, node);
  return node;
}
